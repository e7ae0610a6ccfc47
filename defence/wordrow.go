package defence

import (
	"context"

	"mslora/internal/hint"
	"mslora/ortrain"
)

// WordRow is a Row of a classifier that ortrain runs. Encode gives the tokens of a text, special ones included.
type WordRow struct {
	Row    *ortrain.WordRow
	Encode func(text string) []int32
}

// firstToken is that of a word, behind what stands before every text.
func firstToken(word string, encode func(text string) []int32) (int32, error) {
	empty, tokens := encode(""), encode(word)
	at := 0
	for at < min(len(empty), len(tokens)) && empty[at] == tokens[at] {
		at++
	}
	if at == len(tokens) {
		return 0, hint.New("give another --rap-word", "the tokenizer has no token for the word %s", hint.Quote(word))
	}
	return tokens[at], nil
}

// Values is the embedding.
func (w *WordRow) Values() []float32 { return w.Row.Values }

// Logits gives the class scores of texts.
func (w *WordRow) Logits(ctx context.Context, texts []string) ([][]float32, error) {
	return w.Row.Logits(ctx, w.examples(texts))
}

// Gradient is that of ortrain.WordRow.
func (w *WordRow) Gradient(ctx context.Context, texts []string, targets [][]float32) ([]float32, error) {
	return w.Row.Gradient(ctx, w.examples(texts), targets)
}

func (w *WordRow) examples(texts []string) []ortrain.Example {
	examples := make([]ortrain.Example, len(texts))
	for i, text := range texts {
		examples[i].Tokens = w.Encode(text)
	}
	return examples
}

// Close frees the classifier, if it is open.
func (w *WordRow) Close() error {
	if w == nil {
		return nil
	}
	return w.Row.Close()
}
