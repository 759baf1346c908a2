"""Resources of selling: carts, orders and all that hangs on an order (systems/prestashop.md 5)."""

from penstock.connectors.prestashop.sandbox.schema import Association, Resource, fields

ORDER_ROWS = Association(
    "order_rows",
    "order_row",
    fields("""
        id id
        product_id id >products
        product_attribute_id id
        product_quantity int
        product_name str
        product_reference str
        product_ean13 str
        product_isbn str
        product_upc str
        product_price price
        id_customization id >customizations
        unit_price_tax_incl price
        unit_price_tax_excl price
    """),
    virtual=True,
    sql="""SELECT id_order AS owner, id, product_id, product_attribute_id, product_quantity, product_name,
        product_reference, product_ean13, product_isbn, product_upc, product_price, id_customization,
        unit_price_tax_incl, unit_price_tax_excl FROM order_details WHERE id_order IN ({ids}) ORDER BY id""",
)

# The number on the first parcel (systems/prestashop.md 6, Tracking).
TRACKING = "COALESCE((SELECT tracking_number FROM order_carriers WHERE id_order = main.id ORDER BY id LIMIT 1), '')"

ORDERS = Resource(
    "orders",
    "order",
    "Order",
    fields(f"""
        id_address_delivery id ! >addresses
        id_address_invoice id ! >addresses
        id_cart id ! >carts
        id_currency id ! >currencies
        id_lang id ! >languages
        id_customer id ! >customers
        id_carrier id ! >carriers
        current_state id >order_states
        module module !
        invoice_number int
        invoice_date datetime
        delivery_number int
        delivery_date datetime
        valid bool
        date_add datetime
        date_upd datetime
        shipping_number tracking getter = {TRACKING}
        note text since8
        id_shop_group id
        id_shop id
        secure_key str
        payment generic !
        recyclable bool
        gift bool
        gift_message text
        mobile_theme bool
        total_discounts price
        total_discounts_tax_incl price
        total_discounts_tax_excl price
        total_paid price !
        total_paid_tax_incl price
        total_paid_tax_excl price
        total_paid_real price !
        total_products price !
        total_products_wt price !
        total_shipping price
        total_shipping_tax_incl price
        total_shipping_tax_excl price
        carrier_tax_rate rate
        total_wrapping price
        total_wrapping_tax_incl price
        total_wrapping_tax_excl price
        round_mode int
        round_type int
        conversion_rate price !
        reference str
    """),
    (ORDER_ROWS,),
)

CARTS = Resource(
    "carts",
    "cart",
    "Cart",
    fields("""
        id_address_delivery id >addresses
        id_address_invoice id >addresses
        id_currency id ! >currencies
        id_customer id >customers
        id_guest id >guests
        id_lang id ! >languages
        id_shop_group id
        id_shop id
        id_carrier id >carriers
        recyclable bool
        gift bool
        gift_message text
        mobile_theme bool
        delivery_option text
        secure_key str
        allow_seperated_package bool
        date_add datetime
        date_upd datetime
    """),
    (
        Association(
            "cart_rows",
            "cart_row",
            fields("""
                id_product id >products
                id_product_attribute id >combinations
                id_address_delivery id >addresses
                id_customization id >customizations
                quantity int
            """),
            virtual=True,
        ),
    ),
)

ORDER_DETAILS = Resource(
    "order_details",
    "order_detail",
    "OrderDetail",
    fields("""
        id_order id ! >orders
        product_id id >products
        product_attribute_id id >combinations
        product_quantity_reinjected int
        group_reduction price
        discount_quantity_applied int
        download_hash str
        download_deadline datetime
        id_order_invoice id
        id_warehouse id !
        id_shop id !
        id_customization id
        product_name generic !
        product_quantity int !
        product_quantity_in_stock int
        product_quantity_return int
        product_quantity_refunded int
        product_price price !
        reduction_percent price
        reduction_amount price
        reduction_amount_tax_incl price
        reduction_amount_tax_excl price
        product_quantity_discount price
        product_ean13 str
        product_isbn str
        product_upc str
        product_mpn str since8
        product_reference str
        product_supplier_reference str
        product_weight price
        tax_computation_method int
        id_tax_rules_group id
        ecotax price
        ecotax_tax_rate rate
        download_nb int
        unit_price_tax_incl price
        unit_price_tax_excl price
        total_price_tax_incl price
        total_price_tax_excl price
        total_shipping_price_tax_excl price
        total_shipping_price_tax_incl price
        purchase_supplier_price price
        original_product_price price
        original_wholesale_price price
        total_refunded_tax_excl price since8
        total_refunded_tax_incl price since8
    """),
    (Association("taxes", "tax", fields("id id"), api="taxes"),),
)

ORDER_HISTORIES = Resource(
    "order_histories",
    "order_history",
    "OrderHistory",
    fields("""
        id_employee id >employees
        id_order_state id ! >order_states
        id_order id ! >orders
        date_add datetime
    """),
)

ORDER_CARRIERS = Resource(
    "order_carriers",
    "order_carrier",
    "OrderCarrier",
    fields("""
        id_order id ! >orders
        id_carrier id ! >carriers
        id_order_invoice id >order_invoices
        weight price
        shipping_cost_tax_excl price
        shipping_cost_tax_incl price
        tracking_number tracking 64
        date_add datetime
    """),
)

ORDER_PAYMENTS = Resource(
    "order_payments",
    "order_payment",
    "OrderPayment",
    fields("""
        order_reference str 9
        id_currency id ! >currencies
        amount price !
        payment_method generic
        conversion_rate price
        transaction_id str 254
        card_number str 254
        card_brand str 254
        card_expiration str 254
        card_holder str 254
        date_add datetime
        id_employee id >employees since9
    """),
)

ORDER_INVOICES = Resource(
    "order_invoices",
    "order_invoice",
    "OrderInvoice",
    fields("""
        id_order id ! >orders
        number int !
        delivery_number int
        delivery_date datetime
        total_discount_tax_excl price
        total_discount_tax_incl price
        total_paid_tax_excl price
        total_paid_tax_incl price
        total_products price
        total_products_wt price
        total_shipping_tax_excl price
        total_shipping_tax_incl price
        shipping_tax_computation_method int
        total_wrapping_tax_excl price
        total_wrapping_tax_incl price
        shop_address text
        note text
        date_add datetime
    """),
)

ORDER_CART_RULES = Resource(
    "order_cart_rules",
    "order_cart_rule",
    "OrderCartRule",
    fields("""
        id_order id ! >orders
        id_cart_rule id ! >cart_rules
        id_order_invoice id
        name generic !
        value price !
        value_tax_excl price !
        free_shipping bool
        deleted bool since8
    """),
)

ORDER_SLIP = Resource(
    "order_slip",
    "order_slip",
    "OrderSlip",
    fields("""
        id_customer id ! >customers
        id_order id ! >orders
        conversion_rate price !
        total_products_tax_excl price !
        total_products_tax_incl price !
        total_shipping_tax_excl price !
        total_shipping_tax_incl price !
        amount price
        shipping_cost int
        shipping_cost_amount price
        partial int
        date_add datetime
        date_upd datetime
        order_slip_type int
    """),
    (
        Association(
            "order_slip_details",
            "order_slip_detail",
            fields("""
                id id
                id_order_detail id
                product_quantity int
                amount_tax_excl price
                amount_tax_incl price
            """),
            virtual=True,
        ),
    ),
    listed="order_slips",
)

ORDER_STATES = Resource(
    "order_states",
    "order_state",
    "OrderState",
    fields("""
        unremovable bool
        delivery bool
        hidden bool
        send_email bool
        module_name module
        invoice bool
        color str
        logable bool
        shipped bool
        paid bool
        pdf_delivery bool
        pdf_invoice bool
        deleted bool
        name i18n ! 64
        template i18n 64
    """),
)

CUSTOMER_THREADS = Resource(
    "customer_threads",
    "customer_thread",
    "CustomerThread",
    fields("""
        id_lang id ! >languages
        id_shop id
        id_customer id >customers
        id_order id >orders
        id_product id >products
        id_contact id ! >contacts
        email email
        token str !
        status str
        date_add datetime
        date_upd datetime
    """),
    (
        Association(
            "customer_messages",
            "customer_message",
            fields("id id"),
            api="customer_messages",
            sql="""SELECT id_customer_thread AS owner, id FROM customer_messages
                WHERE id_customer_thread IN ({ids}) ORDER BY id""",
        ),
    ),
)

CUSTOMER_MESSAGES = Resource(
    "customer_messages",
    "customer_message",
    "CustomerMessage",
    fields("""
        id_employee id >employees
        id_customer_thread id >customer_threads
        ip_address str
        message text ! 65000
        file_name str
        user_agent str
        private bool
        date_add datetime
        date_upd datetime
        read bool
    """),
)

ORDER_RETURNS = Resource(
    "order_returns",
    "order_return",
    "OrderReturn",
    fields("""
        id_customer id ! >customers
        id_order id ! >orders
        state id
        question text
        date_add datetime
        date_upd datetime
    """),
    versions=frozenset({"9"}),
)

ORDER_RESOURCES = (
    CARTS,
    CUSTOMER_MESSAGES,
    CUSTOMER_THREADS,
    ORDER_CARRIERS,
    ORDER_CART_RULES,
    ORDER_DETAILS,
    ORDER_HISTORIES,
    ORDER_INVOICES,
    ORDER_PAYMENTS,
    ORDER_RETURNS,
    ORDER_SLIP,
    ORDER_STATES,
    ORDERS,
)
