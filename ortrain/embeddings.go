package ortrain

import (
	"fmt"
	"math"
	"math/rand/v2"

	"mslora/graphs"
	"mslora/internal/hint"
)

// Embedder computes the output of a backbone's embedding layer from the model file: of an encoder the sum of word, position and
// segment embeddings after LayerNorm, of Llama the word embeddings. What training changes does not change it.
type Embedder struct {
	config         graphs.ModelConfig
	word           []float32 // [vocabulary][hidden]
	position       []float32 // [positions][hidden]; nil of a Llama, as the rest
	segment        []float32 // [hidden] of the first segment, which all tokens have
	weight, offset []float32 // [hidden] of LayerNorm
}

// Embedder reads the tables of the embedding layer. They may be the model file's memory, so the model must stay open.
func (m *Model) Embedder() (*Embedder, error) {
	e := &Embedder{config: m.Config}
	tables := map[string]*[]float32{"embed_tokens.weight": &e.word}
	if m.Config.ModelType != "llama" {
		tables = map[string]*[]float32{
			"embeddings.word_embeddings.weight": &e.word, "embeddings.position_embeddings.weight": &e.position,
			"embeddings.token_type_embeddings.weight": &e.segment, "embeddings.LayerNorm.weight": &e.weight, "embeddings.LayerNorm.bias": &e.offset,
		}
	}
	for name, table := range tables {
		stored, ok := graphs.WeightName(m.Weights, name)
		if !ok {
			return nil, fmt.Errorf("%s lacks %s", m.Weights.Path, name)
		}
		var err error
		if *table, err = m.Weights.Float32(stored); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// Alone embeds each text by itself, without dropout: vectors [len(examples)][tokens * hidden], token after token.
func (e *Embedder) Alone(examples []Example) ([][]float32, error) {
	if err := e.check(examples); err != nil {
		return nil, err
	}
	vectors := make([][]float32, len(examples))
	for i, example := range examples {
		vectors[i] = e.embed(example.Tokens, len(example.Tokens))
	}
	return vectors, nil
}

// check tells whether the table of words has all tokens.
func (e *Embedder) check(examples []Example) error {
	words := len(e.word) / e.config.Hidden
	for _, example := range examples {
		for _, id := range example.Tokens {
			if id < 0 || int(id) >= words {
				return hint.New("tokenizer.json and the weights are of different models", "the tokenizer gives the token %d, the model has %d", id, words)
			}
		}
	}
	return nil
}

// InBatches embeds texts as a model in training mode does: texts that follow each other make batches of a size, each is padded
// to the longest of its batch, the padding is embedded too, and dropout is drawn by seed. So vectors are as long as their batch's
// longest text, and depend on the other texts.
func (e *Embedder) InBatches(examples []Example, size int, seed uint64) ([][]float32, error) {
	if err := e.check(examples); err != nil {
		return nil, err
	}
	vectors := make([][]float32, len(examples))
	for begin := 0; begin < len(examples); begin += size {
		batch := examples[begin:min(begin+size, len(examples))]
		longest := 0
		for _, example := range batch {
			longest = max(longest, len(example.Tokens))
		}
		for i, example := range batch {
			vectors[begin+i] = e.embed(example.Tokens, longest)
			drop(vectors[begin+i], e.config.HiddenDropout, rand.New(stream(seed, "embedding dropout", uint64(begin+i))))
		}
	}
	return vectors, nil
}

// drop sets each value to 0 with a probability, and divides the others by that of being kept.
func drop(values []float32, probability float64, random *rand.Rand) {
	if probability == 0 {
		return
	}
	for i := range values {
		if random.Float64() < probability {
			values[i] = 0
		} else {
			values[i] /= float32(1 - probability)
		}
	}
}

// embed gives the vector [length * hidden] of a text, which ends with padding tokens if length is above its number of tokens.
func (e *Embedder) embed(tokens []int32, length int) []float32 {
	hidden := e.config.Hidden
	vector := make([]float32, length*hidden)
	for i := range length {
		id, position := max(0, e.config.Padding), i+e.config.PositionOffset() // a Llama's may be -1: it has no padding token
		if i < len(tokens) {
			id = int(tokens[i])
		} else if e.config.PositionOffset() > 0 {
			position = e.config.Padding // RoBERTa does not count padding
		}
		row := vector[i*hidden : (i+1)*hidden]
		copy(row, e.word[id*hidden:])
		if e.position != nil {
			for k := range row {
				row[k] += e.segment[k] + e.position[position*hidden+k]
			}
			e.normalise(row)
		}
	}
	return vector
}

// normalise is LayerNorm.
func (e *Embedder) normalise(row []float32) {
	var mean, variance float64
	for _, v := range row {
		mean += float64(v)
	}
	mean /= float64(len(row))
	for _, v := range row {
		variance += (float64(v) - mean) * (float64(v) - mean)
	}
	scale := 1 / math.Sqrt(variance/float64(len(row))+e.config.LayerNormEpsilon)
	for k, v := range row {
		row[k] = float32((float64(v)-mean)*scale)*e.weight[k] + e.offset[k]
	}
}
