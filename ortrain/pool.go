package ortrain

import (
	"math"

	"mslora/internal/parallel"
)

// poolers are the layers of encoders between the last layer's vector and the head's scores: BERT's, RoBERTa's.
var poolers = []string{"pooler.dense", "classifier.dense"}

// Pool gives tanh(W v + b) of vectors v as Vectors gives them, [len(vectors)][hidden]: what the pooler of a classifier that was tuned in all its
// weights makes of them. A model without a pooler, such as a Llama, leaves them as they are.
func (t Tuned) Pool(vectors [][]float32, threads int) [][]float32 {
	for _, name := range poolers {
		weight, ok := t[name+".weight"]
		if !ok {
			continue
		}
		bias, pooled := t[name+".bias"].Data, make([][]float32, len(vectors))
		parallel.For(threads, len(vectors), func(i int) {
			v := vectors[i]
			pooled[i] = make([]float32, len(bias))
			for out, b := range bias {
				sum := float64(b)
				for in, w := range weight.Data[out*len(v) : (out+1)*len(v)] {
					sum += float64(w) * float64(v[in])
				}
				pooled[i][out] = float32(math.Tanh(sum))
			}
		})
		return pooled
	}
	return vectors
}
