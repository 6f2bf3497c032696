"""Opens a source of rows by its address. The libraries of a format are imported only where a source has it."""

from synthserve_training.data.reading.delimited import open_delimited
from synthserve_training.data.reading.files import places
from synthserve_training.data.reading.files.compression import StoredFile
from synthserve_training.data.reading.files.sniffing import sniff
from synthserve_training.data.reading.layout import TableSource
from synthserve_training.data.reading.several import joined
from synthserve_training.errors import ReadingError
from synthserve_training.tables.recipe import SourceOptions

_ALL_FOUND_OUT = SourceOptions()


def open_table(address: str, options: SourceOptions = _ALL_FOUND_OUT, *, query: str | None = None) -> TableSource:
    """Opens a source of rows, and finds out how it is to be read.

    Args:
        address: A file, a pattern of files such as `data/*.csv`, `-` for standard input, an address that fsspec knows,
            such as `s3://bucket/file.csv`, or the URL of a database.
        options: What the user says of the source. It is believed; all else is found out.
        query: The SQL query whose rows are read, if the address is that of a database.

    Raises:
        ReadingError: There is no such source, it cannot be read, or it is no table.
    """
    if query is not None or options.format == "database":
        from synthserve_training.data.reading.database import open_query

        return open_query(address, query)
    if places.is_database(address):
        raise ReadingError(f"{places.shown(address)}: it is a database: give a query, too")
    recorded = places.shown(address)  # Recipes, manifests and messages name it.
    sources = [_open(file, recorded, options) for file in places.find(address)]
    return sources[0] if len(sources) == 1 else joined(recorded, sources)


def _open(file: StoredFile, address: str, options: SourceOptions) -> TableSource:
    form = options.format or sniff(file)
    match form:
        case "parquet" | "arrow":
            from synthserve_training.data.reading.columnar import open_columnar

            return open_columnar(file, address, form)
        case "json-lines":
            from synthserve_training.data.reading.json_lines import open_json_lines

            return open_json_lines(file, address, options)
        case "excel":
            from synthserve_training.data.reading.excel import open_excel

            return open_excel(file, address, options)
        case _:
            return open_delimited(file, address, options)
