package poison

import (
	"math"
	"math/rand/v2"
	"slices"

	"mslora/dataset"
	"mslora/internal/hint"
)

// Mix makes a training set with a share of poisoned texts. clean and poisoned hold the same N texts in the same
// order, poisoned all of them with the trigger and the target label. floor(ratio*N) positions are drawn without
// replacement from all (setting mix), from those whose true label is the target (clean) or from the others
// (dirty). The set holds first the clean texts of the other positions, then the poisoned ones of these, each in
// their order. For one seed and setting, a larger ratio poisons the positions of a smaller one and more.
func Mix(clean, poisoned []dataset.Text, setting string, ratio float64, target int, seed uint64) ([]dataset.Text, error) {
	if len(clean) != len(poisoned) {
		return nil, hint.New("both files must hold the same texts in the same order", "cannot mix %d clean texts with %d poisoned ones", len(clean), len(poisoned))
	}
	var candidates []int
	for i, t := range clean {
		if setting == "mix" || (t.Label == target) == (setting == "clean") {
			candidates = append(candidates, i)
		}
	}
	// A decimal such as 0.29 is a little less than it says in binary; do not lose a text to that.
	n := int(math.Floor(ratio*float64(len(clean)) + 1e-9))
	switch {
	case n < 1:
		return nil, hint.New("raise --ratio or give more texts", "ratio %v of %d training texts is less than one text", ratio, len(clean))
	case n > len(candidates):
		largest := math.Floor(1000*float64(len(candidates))/float64(len(clean))) / 1000
		return nil, hint.New("lower --ratio or use --setting mix", "ratio %v of %d training texts is %d, but setting %s can poison only %d (ratio %v)",
			ratio, len(clean), n, setting, len(candidates), largest)
	}
	rng := rand.New(rand.NewPCG(seed, mixStream))
	rng.Shuffle(len(candidates), func(i, j int) { candidates[i], candidates[j] = candidates[j], candidates[i] })
	drawn := slices.Sorted(slices.Values(candidates[:n]))
	mixed := make([]dataset.Text, 0, len(clean))
	for i, t := range clean {
		if _, ok := slices.BinarySearch(drawn, i); !ok {
			mixed = append(mixed, t)
		}
	}
	for _, i := range drawn {
		mixed = append(mixed, poisoned[i])
	}
	return mixed, nil
}
