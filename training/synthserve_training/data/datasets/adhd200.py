"""ADHD-200 phenotypes (1000 Functional Connectomes Project / INDI): age, rating scales, IQ and diagnosis, site by site.

The sites used different instruments, so their scores are on different scales and must not be mixed. The originators
ask users to register, and allow research that is not commercial.
"""

from typing import Literal

import pandas as pd

from synthserve_training.components import OptionsBase
from synthserve_training.data.files import Files, RemoteFile

_SOURCE = "https://fcp-indi.s3.amazonaws.com/data/Projects/ADHD200/RawDataBIDS/"

_SHA256 = {
    "Brown_TestRelease": "ac21a1797aa47298b5c3ac0bf86fd7220f38f485cfb4e4fab239bf834be48796",
    "KKI": "ff689ae48556f354a0bd2a77229f108e79322b22c39bbedb7904ff17718f1c8e",
    "NYU": "cac31a3a52d8aed66885f62ed49ff180dd27cd36a6fdad6a8d92ea0e6e233684",
    "NeuroIMAGE": "8cdd99956c94d9ba528b43733699ddd639fcf7010fb0c470e7326ac10a9bd67a",
    "OHSU": "69502bda53f314e21477b6245f1ca43af767a771ecd8f7f80c0d14fa6d2436b3",
    "OHSU_TestRelease": "9de91d3f92d0064b91986e427d66cc17cd9d48f4a059e10bef5d2dee68a8141f",
    "Peking_1": "7ef8a0448b4a2f96077ec6cc39072617a76cda2bd667507adc2cbe5f17366f81",
    "Peking_1_TestRelease": "240d330f343763eb9d00e7f23d34480e344f25559441a3e9e4aea21deca5bd49",
    "Pittsburgh": "1c84505064dcf768be7eef07d680c2ce8fb8f9967912b9b875342d0bbd2274e0",
}

Site = Literal[
    "Brown_TestRelease",
    "KKI",
    "NYU",
    "NeuroIMAGE",
    "OHSU",
    "OHSU_TestRelease",
    "Peking_1",
    "Peking_1_TestRelease",
    "Pittsburgh",
]


class Options(OptionsBase):
    """Which site. Only KKI, NYU and Peking_1 give every score that `adhd-vae` uses."""

    site: Site = "NYU"


def load(options: Options, files: Files) -> pd.DataFrame:
    """Loads a site's table as it was published: every cell is text, and markers such as -999 are still in it.

    Raises:
        DatasetError: The file is corrupt, or could not be downloaded.
    """
    name = f"{options.site}_phenotypic.csv"
    file = RemoteFile(f"adhd200/sites/{name}", _SHA256[options.site], (_SOURCE + name,))
    return pd.read_csv(files.fetch(file), dtype="string", keep_default_na=False).rename(columns=str.strip)


def held_out(_options: Options) -> Options | None:
    """None: other sites have other scales."""
    return None
