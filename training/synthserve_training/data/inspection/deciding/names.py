"""What the name of a column says: it decides where its values leave a choice."""

import re

_KEYS = frozenset(
    [
        "id",
        "ids",
        "uuid",
        "guid",
        "zip",
        "zipcode",
        "postcode",
        "postalcode",
        "postal",
        "plz",
        "fips",
        "code",
        "codes",
        "sku",
        "isbn",
        "ean",
        "upc",
    ]
)
_NUMBERS = frozenset(["no", "num", "nr", "number", "nbr", "key", "index", "idx", "handle", "rowid"])
_WORDS_WITH_ID = frozenset(
    [
        "paid",
        "unpaid",
        "prepaid",
        "bid",
        "aid",
        "said",
        "laid",
        "raid",
        "maid",
        "grid",
        "acid",
        "solid",
        "fluid",
        "liquid",
        "mid",
        "rapid",
        "hybrid",
        "covid",
        "humid",
        "arid",
        "amid",
        "valid",
        "invalid",
        "avoid",
        "void",
        "centroid",
        "steroid",
        "thyroid",
        "opioid",
        "android",
        "asteroid",
        "lipid",
        "orchid",
        "overlaid",
    ]
)
_AMOUNTS = frozenset(
    [
        "qty",
        "quantity",
        "count",
        "counts",
        "number",
        "num",
        "n",
        "total",
        "amount",
        "copies",
        "children",
        "kids",
        "times",
        "cases",
        "deaths",
        "goals",
        "wins",
        "items",
        "units",
        "menge",
        "anzahl",
    ]
)
_TIMES = frozenset(
    [
        "time",
        "times",
        "date",
        "datetime",
        "timestamp",
        "ts",
        "epoch",
        "unix",
        "created",
        "updated",
        "modified",
        "changed",
        "at",
        "on",
        "when",
        "millis",
        "ms",
        "since",
        "utc",
        "start",
        "end",
        "expires",
        "expiry",
    ]
)


def tokens(name: str) -> list[str]:
    """The words of a name, in lower case: customerID, customer_id and customer-id have the same."""
    parted = re.sub(r"(?<=[a-zà-ÿ0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return [word for word in re.split(r"[^0-9a-zA-ZÀ-ÿ]+", parted.lower()) if word]


def of_codes(name: str) -> bool:
    """Whether it is the name of keys or codes, such as customer_id or zip."""
    words = tokens(name)
    return bool(words) and (words[-1] in _KEYS or {"postal", "zip"} & set(words) != set())


def of_keys(name: str) -> bool:
    """Whether it may be the name of keys, such as storenum or gbifid: unique values decide."""
    words = tokens(name)
    if not words:
        return False
    last = words[-1]
    return last in _NUMBERS or last.endswith("num") or (last.endswith("id") and last not in _WORDS_WITH_ID)


def is_number(name: str) -> bool:
    """Whether it is just `number`, which keys and counts have."""
    return tokens(name) in (["number"], ["num"])


def of_rows(name: str) -> bool:
    """Whether it is a name that tools give to the numbers of rows, such as rownames or `Unnamed: 0`."""
    return not {"rownames", "rowname", "unnamed"}.isdisjoint(tokens(name))


def of_times(name: str) -> bool:
    """Whether it is the name of dates or times."""
    return bool(_TIMES & set(tokens(name)))


def of_dates(name: str) -> bool:
    """Whether it is the name of dates, such as birthdate or date_of_sale."""
    return any(word.endswith("date") for word in tokens(name))


def of_amounts(name: str) -> bool:
    """Whether it is the name of counts, such as children or qty."""
    return bool(_AMOUNTS & set(tokens(name)))
