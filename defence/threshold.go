package defence

import (
	"math"
	"slices"

	"mslora/internal/hint"
)

// enough refuses trusted texts that are too few to have a threshold at the share false_rejections. which says what texts they are.
func (b Bench) enough(texts int, which string) error {
	share := b.Values.Float("false_rejections")
	if need := int(math.Ceil(1 / share)); texts < need {
		return hint.New("trust more texts, or let a larger share of them be flagged with --false-rejections",
			"%d %s, %d are the least for a threshold that the share %v of them is below", texts, which, need, share)
	}
	return nil
}

// threshold is the value that the share false_rejections of the values of trusted texts is below.
func (b Bench) threshold(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(int(float64(len(values))*b.Values.Float("false_rejections")), len(sorted)-1)]
}
