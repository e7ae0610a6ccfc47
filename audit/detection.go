package audit

import (
	"cmp"
	"slices"
)

// Detection tells how well scores, higher for what is suspected, find the poisoned texts.
type Detection struct {
	AUROC     float64 `json:"auroc"`     // probability that a poisoned text scores above a clean one; ties count half
	Precision float64 `json:"precision"` // share of poisoned texts among as many top texts as there are poisoned ones
}

// Detect scores a ranking against flags of the same length. There must be texts of both kinds.
//
// AUROC = (R − n(n+1)/2) / (n·m), the Mann-Whitney statistic, with R the sum of the poisoned texts' ranks, counted
// from 1 at the lowest score and averaged over ties, n poisoned texts and m others. Of texts that tie across the
// border, each counts for the precision by the share of them that is within it.
func Detect(scores []float64, poisoned []bool) Detection {
	order := make([]int, len(scores))
	n := 0
	for i := range order {
		order[i] = i
		if poisoned[i] {
			n++
		}
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(scores[i], scores[j]) })
	ranks, hits := 0.0, 0.0
	for begin := 0; begin < len(order); {
		end, tied := begin, 0
		for end < len(order) && scores[order[end]] == scores[order[begin]] {
			if poisoned[order[end]] {
				tied++
			}
			end++
		}
		ranks += float64(tied) * float64(begin+1+end) / 2
		if within := end - max(begin, len(order)-n); within > 0 {
			hits += float64(tied) * float64(within) / float64(end-begin)
		}
		begin = end
	}
	others := len(order) - n
	return Detection{
		AUROC:     (ranks - float64(n)*float64(n+1)/2) / float64(n) / float64(others),
		Precision: hits / float64(n),
	}
}
