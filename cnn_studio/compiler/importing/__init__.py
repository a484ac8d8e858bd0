"""From PyTorch modules to documents: record one run on the meta device, then read layers off the record.

`recorder` writes down what a module calls; `draft` and the tables of rules (`functions_*`, `leaves`) turn each call
into a layer; `patterns` joins calls that are one layer together; `naming` finds the paths; `tracing` assembles the
document and checks it against the record.
"""
