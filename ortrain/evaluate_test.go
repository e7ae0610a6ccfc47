package ortrain

import (
	"math"
	"testing"
)

func TestSoftmax(t *testing.T) {
	for _, test := range []struct {
		logits []float32
		want   []float64
	}{
		{[]float32{0, float32(math.Log(3))}, []float64{0.25, 0.75}},
		{[]float32{1000, -1000}, []float64{1, 0}}, // exp(1000) is infinite
	} {
		got := Softmax(test.logits)
		for class, want := range test.want {
			if !(math.Abs(got[class]-want) < 1e-7) {
				t.Errorf("%v: %v, want %v", test.logits, got, test.want)
			}
		}
	}
}
