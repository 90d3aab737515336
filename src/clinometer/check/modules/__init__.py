"""Parts of a model alone, at the inputs of a real run.

`road` takes a torch model, `rules` a JAX function, `watched` what a training script
left; `judge` checks each custom Function, rule or module that they recorded.
"""
