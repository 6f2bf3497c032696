"""The Gaussian copula of SDV, with its default settings."""

from sdv.single_table import GaussianCopulaSynthesizer
from tests.benchmarks.tables.peers.process import run
from tests.benchmarks.tables.peers.sdv_tables import SdvTable

if __name__ == "__main__":
    run(lambda: SdvTable(GaussianCopulaSynthesizer))
