"""FastAPI with pandas, as a demonstration is usually written: CSV or JSON lines of a data frame, images in JSON.

    python -m tests.benchmarks.peers.fastapi_pandas exported 8000

uvicorn with uvloop and httptools, no access log; sync handlers in the default pool of 40 threads; one body an answer.
"""

import argparse
import base64
from pathlib import Path

import pandas as pd
import uvicorn
from fastapi import FastAPI, Response
from tests.benchmarks.peers.package import Package, packages


def frame(package: Package, count: int) -> pd.DataFrame:
    """Draws rows as a data frame, categories as text."""
    arrays = package.draw(count)
    texts = {column["name"]: column["categories"] for column in package.columns if "categories" in column}
    return pd.DataFrame(
        {
            name: pd.Categorical.from_codes(array, texts[name]) if name in texts else array
            for name, array in arrays.items()
        }
    )


def application(repository: Path) -> FastAPI:
    """Builds the application."""
    served = packages(repository)
    app = FastAPI()

    @app.get("/rows/{model}")
    def rows(model: str, count: int, form: str) -> Response:
        table = frame(served[model], count)
        if form == "csv":
            return Response(table.to_csv(index=False), media_type="text/csv")
        return Response(table.to_json(orient="records", lines=True), media_type="application/jsonl")

    @app.get("/images/{model}")
    def images(model: str, count: int) -> dict[str, list[str]]:
        return {"images": [base64.b64encode(file).decode() for file in served[model].pngs(count)]}

    return app


def main() -> None:
    """Serves."""
    parser = argparse.ArgumentParser()
    parser.add_argument("repository", type=Path)
    parser.add_argument("port", type=int)
    arguments = parser.parse_args()
    uvicorn.run(
        application(arguments.repository),
        host="127.0.0.1",
        port=arguments.port,
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main()
