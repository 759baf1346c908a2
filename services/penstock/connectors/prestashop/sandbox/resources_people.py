"""Resources of people and places: customers, addresses, countries, shops, settings (systems/prestashop.md 5)."""

from penstock.connectors.prestashop.sandbox.schema import Association, Resource, fields

CUSTOMERS = Resource(
    "customers",
    "customer",
    "Customer",
    fields("""
        id_default_group id >groups
        id_lang id >languages
        newsletter_date_add datetime
        ip_registration_newsletter str
        last_passwd_gen datetime ro
        secure_key str ro
        deleted bool
        passwd str ! 255
        lastname name ! 255
        firstname name ! 255
        email email ! 255
        id_gender id
        birthday date
        newsletter bool
        optin bool
        website str
        company generic 255
        siret str
        ape str
        outstanding_allow_amount price
        show_public_prices bool
        id_risk id
        max_payment_days uint
        active bool
        note text
        is_guest bool
        id_shop id
        id_shop_group id
        date_add datetime
        date_upd datetime
        reset_password_token str
        reset_password_validity datetime
    """),
    (Association("groups", "group", fields("id id"), api="groups"),),
)

ADDRESSES = Resource(
    "addresses",
    "address",
    "Address",
    fields("""
        id_customer id >customers
        id_manufacturer id >manufacturers
        id_supplier id >suppliers
        id_warehouse id >warehouse
        id_country id ! >countries
        id_state id >states
        alias generic ! 32
        company generic 255
        lastname name ! 255
        firstname name ! 255
        vat_number generic
        address1 address ! 128
        address2 address 128
        postcode postcode 12
        city city ! 64
        other text 300
        phone phone 32
        phone_mobile phone 32
        dni str 16
        deleted bool
        date_add datetime
        date_upd datetime
    """),
)

COUNTRIES = Resource(
    "countries",
    "country",
    "Country",
    fields("""
        id_zone id ! >zones
        id_currency id >currencies
        call_prefix uint
        iso_code str ! 3
        active bool
        contains_states bool !
        need_identification_number bool !
        need_zip_code bool
        zip_code_format str
        display_tax_label bool !
        name i18n ! 64
    """),
)

STATES = Resource(
    "states",
    "state",
    "State",
    fields("""
        id_zone id ! >zones
        id_country id ! >countries
        iso_code str ! 7
        name generic ! 32
        active bool
    """),
)

ZONES = Resource("zones", "zone", "Zone", fields("name generic !\nactive bool"))

LANGUAGES = Resource(
    "languages",
    "language",
    "Language",
    fields("""
        name generic ! 32
        iso_code str ! 2
        locale str 5
        language_code str 5
        active bool
        is_rtl bool
        date_format_lite str ! 32
        date_format_full str ! 32
    """),
)

CURRENCIES = Resource(
    "currencies",
    "currency",
    "Currency",
    fields("""
        names i18n getter
        name str ! 255 getter
        symbol i18n getter
        iso_code str ! 3
        numeric_iso_code str 3
        precision int
        conversion_rate price !
        deleted bool
        active bool
        unofficial bool
        modified bool
        pattern i18n getter
    """),
)

GROUPS = Resource(
    "groups",
    "group",
    "Group",
    fields("""
        reduction money2
        price_display_method int !
        show_prices bool
        date_add datetime
        date_upd datetime
        name i18n ! 32
    """),
)

SHOPS = Resource(
    "shops",
    "shop",
    "Shop",
    fields("""
        id_shop_group id !
        id_category id !
        active bool
        deleted bool
        name generic !
        color str
        theme_name str !
    """),
)

SHOP_GROUPS = Resource(
    "shop_groups",
    "shop_group",
    "ShopGroup",
    fields("""
        name generic !
        color str
        share_customer bool
        share_order bool
        share_stock bool
        active bool
        deleted bool
    """),
)

CONFIGURATIONS = Resource(
    "configurations",
    "configuration",
    "Configuration",
    fields("""
        value text
        name str ! 254
        id_shop_group id
        id_shop id
        date_add datetime
        date_upd datetime
    """),
)

PEOPLE_RESOURCES = (
    ADDRESSES,
    CONFIGURATIONS,
    COUNTRIES,
    CURRENCIES,
    CUSTOMERS,
    GROUPS,
    LANGUAGES,
    SHOP_GROUPS,
    SHOPS,
    STATES,
    ZONES,
)
