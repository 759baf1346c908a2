"""Resources of the catalogue: products, combinations, stock, carriers, taxes, prices (systems/prestashop.md 5)."""

from penstock.connectors.prestashop.sandbox.schema import Association, Resource, fields

ID = fields("id id")

PRODUCTS = Resource(
    "products",
    "product",
    "Product",
    fields("""
        id_manufacturer id >manufacturers
        id_supplier id >suppliers
        id_category_default id >categories
        new bool getter
        cache_default_attribute id
        id_default_image id getter >images/products
        id_default_combination id getter >combinations
        id_tax_rules_group id >tax_rule_groups
        position_in_category int getter
        manufacturer_name str ro getter
        quantity int ro getter
        type str getter
        id_shop_default id
        reference str 64
        supplier_reference str 64
        location str 255
        width price
        height price
        depth price
        weight price
        quantity_discount bool
        ean13 str 13
        isbn str 32
        upc str 12
        mpn str 40 since8
        cache_is_pack bool
        cache_has_attachments bool
        is_virtual bool
        state uint
        additional_delivery_times uint
        delivery_in_stock i18n 255
        delivery_out_stock i18n 255
        product_type str since8
        on_sale bool
        online_only bool
        ecotax price
        minimal_quantity uint
        low_stock_threshold int
        low_stock_alert bool
        price price !
        wholesale_price price
        unity str 255
        unit_price_ratio price
        additional_shipping_cost price
        customizable int
        text_fields int
        uploadable_files int
        active bool
        redirect_type str
        id_type_redirected id
        available_for_order bool
        available_date date
        show_condition bool
        condition str
        show_price bool
        indexed bool
        visibility str
        advanced_stock_management bool
        date_add datetime
        date_upd datetime
        pack_stock_type int
        meta_description i18n 512
        meta_keywords i18n 255
        meta_title i18n 255
        link_rewrite i18n 128
        name i18n 128
        description i18n
        description_short i18n
        available_now i18n 255
        available_later i18n 255
    """),
    (
        Association("categories", "category", ID, api="categories"),
        Association("images", "image", ID, api="images"),
        Association(
            "combinations",
            "combination",
            ID,
            api="combinations",
            sql="SELECT id_product AS owner, id FROM combinations WHERE id_product IN ({ids}) ORDER BY id",
        ),
        Association("product_option_values", "product_option_value", ID, api="product_option_values"),
        Association(
            "product_features", "product_feature", fields("id id\nid_feature_value id"), api="product_features"
        ),
        Association("tags", "tag", ID, api="tags"),
        Association(
            "stock_availables",
            "stock_available",
            fields("id id\nid_product_attribute id"),
            api="stock_availables",
            sql="""SELECT id_product AS owner, id, id_product_attribute FROM stock_availables
                WHERE id_product IN ({ids}) ORDER BY id""",
        ),
        Association("attachments", "attachment", ID, api="attachments"),
        Association("accessories", "product", ID, api="products"),
        Association(
            "product_bundle",
            "product",
            fields("id id\nid_product_attribute id\nquantity int"),
            api="products",
            virtual=True,
        ),
    ),
)

COMBINATIONS = Resource(
    "combinations",
    "combination",
    "Combination",
    fields("""
        id_product id ! >products
        location str 255
        ean13 str 13
        isbn str 32
        upc str 12
        mpn str 40 since8
        supplier_reference str 64
        reference str 64
        wholesale_price price
        price negprice
        ecotax price
        weight negprice
        unit_price_impact negprice
        minimal_quantity uint !
        low_stock_threshold int
        low_stock_alert bool
        default_on bool
        available_date date
    """),
    (
        Association("product_option_values", "product_option_value", ID, api="product_option_values"),
        Association("images", "image", ID, api="images/products"),
    ),
)

STOCK_AVAILABLES = Resource(
    "stock_availables",
    "stock_available",
    "StockAvailable",
    fields("""
        id_product id ! >products
        id_product_attribute id ! >combinations
        id_shop id >shops
        id_shop_group id >shop_groups
        quantity int !
        depends_on_stock bool !
        out_of_stock int !
        location str 255
    """),
    forbidden=frozenset({"POST", "DELETE"}),
)

CARRIERS = Resource(
    "carriers",
    "carrier",
    "Carrier",
    fields("""
        deleted bool
        is_module bool
        id_tax_rules_group id getter ro >tax_rule_groups
        id_reference id
        name str ! 64
        active bool !
        is_free bool
        url str
        shipping_handling bool
        shipping_external bool
        range_behavior bool
        shipping_method int
        max_width int
        max_height int
        max_depth int
        max_weight price
        grade uint
        external_module_name str 64
        need_range bool
        position int
        delay i18n ! 512
    """),
)

CATEGORIES = Resource(
    "categories",
    "category",
    "Category",
    fields("""
        id_parent id >categories
        level_depth int ro
        nb_products_recursive int ro getter
        active bool !
        id_shop_default id
        is_root_category bool
        position int
        date_add datetime
        date_upd datetime
        name i18n ! 128
        link_rewrite i18n ! 128
        description i18n
        meta_title i18n 255
        meta_description i18n 512
        meta_keywords i18n 255
    """),
)

PRODUCT_OPTIONS = Resource(
    "product_options",
    "product_option",
    "ProductOption",
    fields("""
        is_color_group bool
        group_type str !
        position int
        name i18n ! 128
        public_name i18n ! 64
    """),
    (
        Association(
            "product_option_values",
            "product_option_value",
            ID,
            api="product_option_values",
            sql="""SELECT id_attribute_group AS owner, id FROM product_option_values
                WHERE id_attribute_group IN ({ids}) ORDER BY id""",
        ),
    ),
)

PRODUCT_OPTION_VALUES = Resource(
    "product_option_values",
    "product_option_value",
    "ProductOptionValue",
    fields("""
        id_attribute_group id ! >product_options
        color str
        position int
        name i18n ! 128
    """),
)

TAXES = Resource("taxes", "tax", "Tax", fields("rate rate !\nactive bool\ndeleted bool\nname i18n ! 32"))
TAX_RULE_GROUPS = Resource(
    "tax_rule_groups",
    "tax_rule_group",
    "TaxRulesGroup",
    fields("name generic ! 64\nactive bool\ndeleted bool\ndate_add datetime\ndate_upd datetime"),
)
TAX_RULES = Resource(
    "tax_rules",
    "tax_rule",
    "TaxRule",
    fields("""
        id_tax_rules_group id ! >tax_rule_groups
        id_state id >states
        id_country id ! >countries
        zipcode_from str
        zipcode_to str
        id_tax id ! >taxes
        behavior uint
        description text
    """),
)

SPECIFIC_PRICES = Resource(
    "specific_prices",
    "specific_price",
    "SpecificPrice",
    fields("""
        id_shop_group id
        id_shop id !
        id_cart id !
        id_product id ! >products
        id_product_attribute id >combinations
        id_currency id !
        id_country id !
        id_group id !
        id_customer id !
        id_specific_price_rule id
        price negprice !
        from_quantity uint !
        reduction price !
        reduction_tax int !
        reduction_type str !
        from datetime !
        to datetime !
    """),
)

CART_RULES = Resource(
    "cart_rules",
    "cart_rule",
    "CartRule",
    fields("""
        id_customer id >customers
        date_from datetime !
        date_to datetime !
        description text
        quantity uint
        quantity_per_user uint
        priority uint
        partial_use bool
        code str 254
        minimum_amount price
        free_shipping bool
        reduction_percent price
        reduction_amount price
        reduction_tax bool
        reduction_currency id
        active bool
        date_add datetime
        date_upd datetime
        name i18n ! 254
    """),
)

GONE_IN_9 = frozenset({"1.7", "8"})
READ_ONLY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
STOCK_FIELDS = fields("id_warehouse id\nid_product id\nid_product_attribute id\nphysical_quantity int\nprice_te price")

CATALOGUE_RESOURCES = (
    CARRIERS,
    CART_RULES,
    CATEGORIES,
    COMBINATIONS,
    PRODUCT_OPTION_VALUES,
    PRODUCT_OPTIONS,
    PRODUCTS,
    SPECIFIC_PRICES,
    STOCK_AVAILABLES,
    TAX_RULE_GROUPS,
    TAX_RULES,
    TAXES,
    Resource("stocks", "stock", "Stock", STOCK_FIELDS, forbidden=READ_ONLY),
    Resource("stock_movements", "stock_mvt", "StockMvtWS", STOCK_FIELDS, forbidden=READ_ONLY),
    Resource("supply_orders", "supply_order", "SupplyOrder", STOCK_FIELDS, forbidden=READ_ONLY, versions=GONE_IN_9),
    Resource(
        "warehouse_product_locations",
        "warehouse_product_location",
        "WarehouseProductLocation",
        STOCK_FIELDS,
        forbidden=READ_ONLY,
        versions=GONE_IN_9,
    ),
)
