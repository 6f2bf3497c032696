"""The stages around every call: `pipeline` runs them in order, the other modules implement one each."""
