"""CTGAN (Xu et al. 2019) of SDV, with its default settings: 300 epochs in batches of 500."""

from sdv.single_table import CTGANSynthesizer
from tests.benchmarks.tables.peers.process import run
from tests.benchmarks.tables.peers.sdv_tables import SdvTable

if __name__ == "__main__":
    run(lambda: SdvTable(CTGANSynthesizer))
