package experiment

import "mslora/ortrain"

// balance gives each text the weight texts / (classes * texts of its class), where classes are those that occur. It is what
// scikit-learn calls class_weight="balanced": every class has the same share of the whole weight. A text that has a weight already keeps
// that share of its class's.
func balance(examples []ortrain.Example) {
	texts := map[int]int{}
	for _, e := range examples {
		texts[e.Label]++
	}
	for i := range examples {
		of := len(texts) * texts[examples[i].Label]
		own := examples[i].Weight
		if own == 0 {
			own = 1
		}
		examples[i].Weight = own * float32(float64(len(examples))/float64(of))
	}
}
