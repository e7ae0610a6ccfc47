"""What the exporter asks of a family of backbones. Each family is one module with a subclass of Architecture."""

from dataclasses import dataclass

from .contract import EVALUATIONS, METHODS


@dataclass(frozen=True)
class Architecture:
    """The sizes of a backbone, and what is its family's own.

    A subclass gives `family`, Hugging Face's model_type; `tables`, the embedding tables of words, positions
    and segments, or the first of these, of which full fine-tuning gets no dense gradient; `head`, how each tensor starts that no model file holds; and
    `open_shapes`, the shapes of parameters that have open sizes (symbols; None is a fixed size).
    """

    graphs = METHODS + EVALUATIONS  # which ones the family has

    layers: int
    hidden: int
    heads: int
    intermediate: int
    epsilon: float = 1e-12  # of the norms
    dropout: float = 0.1

    @classmethod
    def read(cls, config):
        """The architecture of a Hugging Face configuration."""
        return cls(config["num_hidden_layers"], config["hidden_size"], config["num_attention_heads"], config["intermediate_size"],
                   config.get("layer_norm_eps", 1e-12), config.get("hidden_dropout_prob", 0.1))

    @property
    def name(self):
        return f"{self.family}-{self.layers}x{self.hidden}"

    def fixed_sizes(self):
        """Sizes in the graph that no open size may be traced with."""
        return {self.hidden, self.heads, self.intermediate, self.hidden // self.heads}

    def description(self):
        """What the manifest says beside the sizes that all families have."""
        return {}

    def classifier(self, vocabulary, positions, classes, lora_rank, scale_rank):
        """The module to trace: run, embedded -> logits [B, C] and the vector [B, hidden] that the head reads.

        embedded, unless None, replaces the sum of the embeddings, to take the gradient there.
        """
        raise NotImplementedError

    def language_model(self, vocabulary, positions):
        """The module to trace for a causal graph: run -> log-probabilities [N]."""
        raise NotImplementedError

    def embed(self, tables, run):
        """The sum of the embeddings [T, hidden] from the values of `tables`."""
        raise NotImplementedError

    def keep_masks(self):
        """Dropout masks (name, shape) in the order in which the forward pass uses them."""
        raise NotImplementedError

    def padded(self, graph):
        """The logits [B, C] of the graph for others to run, whose nodes `graph` (padded.Padded) makes."""
        raise NotImplementedError
