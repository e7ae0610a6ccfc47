package ortrain

import (
	"reflect"
	"testing"
)

// The last layer of the head makes the evaluation graph's logits of pooled vectors. A Llama's vectors stay as they are.
func TestPool(t *testing.T) {
	for _, test := range []struct{ family, head string }{{"tiny", "classifier"}, {"tiny-roberta", "classifier.out_proj"}, {"tiny-llama", ""}} {
		p := openParity(t, parityCase{family: test.family, method: "full"}, 1)
		evaluator, tuned := p.evaluator(2)
		examples, _ := p.examples("batch5/")
		vectors, err := evaluator.Vectors(t.Context(), examples)
		if err != nil {
			t.Fatal(err)
		}
		logits, err := evaluator.Logits(t.Context(), examples)
		if err != nil {
			t.Fatal(err)
		}
		pooled := tuned.Pool(vectors, 2)
		if test.head == "" {
			if !reflect.DeepEqual(pooled, vectors) {
				t.Errorf("%s: vectors were pooled", test.family)
			}
			continue
		}
		weight, bias := tuned[test.head+".weight"].Data, tuned[test.head+".bias"].Data
		for i, vector := range pooled {
			var got []float32
			for class, b := range bias {
				for j, v := range vector {
					b += weight[class*len(vector)+j] * v
				}
				got = append(got, b)
			}
			if off, size := distance(got, logits[i]); off > tolerance*size {
				t.Errorf("%s, text %d: the head makes %v of it, want %v", test.family, i, got, logits[i])
			}
		}
	}
}
