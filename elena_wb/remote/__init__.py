"""What providers of models that are asked over a network share: keys, prices, limits, pictures on the wire."""
