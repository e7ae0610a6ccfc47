package ortrain

import (
	"context"
	"errors"

	ort "github.com/yalue/onnxruntime_go"

	"mslora/graphs"
)

const (
	// languageWidth and languageTokens bound what a language model reads at once: the tokens of a tree, unless one text has more, and
	// of all trees. There is a logit for each token and each word of the vocabulary.
	languageWidth  = 256
	languageTokens = 512
)

// LanguageModel tells how likely texts are under a causal language model. It is for one goroutine at a time.
type LanguageModel struct{ session *session }

// NewLanguageModel opens the causal graph of a model.
func NewLanguageModel(model *Model, causal *graphs.Topology, device Device) (*LanguageModel, error) {
	if err := model.Config.Check(causal.Manifest); err != nil {
		return nil, err
	}
	device.Int8 = false // perplexities are compared with one another: rounded, SmolLM2 made ONION leave other words out of a third of the texts
	linked, err := device.link(causal, model.Weights, func(string) bool { return false })
	if err != nil {
		return nil, err
	}
	var inputs []string
	for _, input := range causal.Manifest.Batch {
		inputs = append(inputs, input.Name)
	}
	s, err := openSession(linked, inputs, []string{"log_probabilities"}, device, true)
	if err != nil {
		return nil, err
	}
	return &LanguageModel{s}, nil
}

// LogProbabilities gives log p(token | those before it) of every token but the first, [len(texts)][len(text)-1], natural logarithms.
// Texts that begin alike and stand together share the computation of what they have in common.
func (l *LanguageModel) LogProbabilities(ctx context.Context, texts [][]int32) ([][]float32, error) {
	result := make([][]float32, len(texts))
	var trees []*tree
	var paths []treePath
	tokens := 0
	flush := func() error {
		if err := ctx.Err(); err != nil || len(trees) == 0 {
			return err
		}
		err := l.run(plant(trees), paths, result)
		trees, paths, tokens = nil, nil, 0
		return err
	}
	for i, text := range texts {
		current := len(trees) - 1
		if current < 0 || len(trees[current].tokens)+trees[current].missing(text) > languageWidth {
			if tokens >= languageTokens-languageWidth/2 || current >= 0 && tokens+len(text) > languageTokens {
				if err := flush(); err != nil {
					return nil, err
				}
			}
			trees = append(trees, newTree())
			current = len(trees) - 1
		}
		tokens += trees[current].missing(text)
		paths = append(paths, treePath{i, current, trees[current].add(text)})
	}
	return result, flush()
}

// treePath is where a text stands in a forest.
type treePath struct {
	text, tree int
	nodes      []int
}

func (l *LanguageModel) run(f *forest, paths []treePath, result [][]float32) error {
	values := make([]float32, len(f.predictedBy))
	if len(values) > 0 { // else no text has two tokens
		if err := l.compute(f, values); err != nil {
			return err
		}
	}
	for _, p := range paths {
		logs := make([]float32, max(0, len(p.nodes)-1))
		for i := range logs {
			logs[i] = values[f.prediction[p.tree][p.nodes[i+1]]]
		}
		result[p.text] = logs
	}
	return nil
}

func (l *LanguageModel) compute(f *forest, values []float32) error {
	tokens, rows, width := int64(len(f.inputIDs)), int64(f.rows), int64(f.width)
	predictions := int64(len(values))
	inputs, outputs := tensors{}, tensors{}
	defer inputs.destroy()
	defer outputs.destroy()
	err := errors.Join(
		add(inputs, "input_ids", f.inputIDs, tokens), add(inputs, "position_ids", f.positionIDs, tokens),
		add(inputs, "token_row", f.tokenRow, tokens), add(inputs, "token_column", f.tokenColumn, tokens),
		add(inputs, "row_tokens", f.rowTokens, rows, width), add(inputs, "sees", f.sees, rows, width, width),
		add(inputs, "asking", f.asking, int64(len(f.asking))), add(inputs, "predicted_by", f.predictedBy, predictions),
		add(inputs, "predicted_id", f.predictedID, predictions), add(outputs, "log_probabilities", values, predictions))
	if err != nil {
		return err
	}
	return l.session.run(inputs, []ort.Value{outputs["log_probabilities"]})
}

// Close frees the session, if there is one.
func (l *LanguageModel) Close() error {
	if l == nil {
		return nil
	}
	return l.session.close()
}
