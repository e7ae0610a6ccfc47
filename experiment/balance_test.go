package experiment

import (
	"slices"
	"testing"

	"mslora/ortrain"
)

// The weights are those of scikit-learn's compute_class_weight("balanced", classes=np.unique(labels), y=labels).
func TestBalance(t *testing.T) {
	for _, test := range []struct {
		labels []int
		want   []float32
	}{
		{nil, nil},
		{[]int{0, 1}, []float32{1, 1}},
		{[]int{0, 0, 0, 1}, []float32{2. / 3, 2. / 3, 2. / 3, 2}},
		{[]int{2, 0, 0, 0, 0, 1, 1}, []float32{7. / 3, 7. / 12, 7. / 12, 7. / 12, 7. / 12, 7. / 6, 7. / 6}},
		{[]int{3, 3}, []float32{1, 1}}, // classes that do not occur do not count
	} {
		var examples []ortrain.Example
		for _, label := range test.labels {
			examples = append(examples, ortrain.Example{Label: label})
		}
		if len(examples) == 2 {
			examples[0].Weight = 0.5 // has a weight already
			test.want[0] *= 0.5
		}
		balance(examples)
		var got []float32
		for _, e := range examples {
			got = append(got, e.Weight)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("labels %v: weights %v, want %v", test.labels, got, test.want)
		}
	}
}
