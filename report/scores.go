package report

import "math"

// percent is NaN where there is nothing to take a share of.
func percent(part, whole int) float64 {
	if whole == 0 {
		return math.NaN()
	}
	return 100 * float64(part) / float64(whole)
}

// right counts the texts that got their true label.
func (s Split) right() int {
	if s.Confusion == nil {
		if math.IsNaN(s.Accuracy) {
			return 0
		}
		return int(math.Round(s.Accuracy / 100 * float64(s.Texts)))
	}
	n := 0
	for i := range s.Confusion {
		n += s.Confusion[i][i]
	}
	return n
}

// measured tells whether there is an accuracy to show.
func (s Split) measured() bool { return s.Texts > 0 && !math.IsNaN(s.Accuracy) }

// headline is the accuracy that stands on top and what helps to judge it.
type headline struct {
	Split
	Right        int     // texts
	Low, High    float64 // 95 % interval, percent
	Largest      string  // the class with the most texts; "" if unknown
	LargestShare float64 // what always answering it would score, percent
	ChoseEpoch   bool    // the same texts did
}

// headline takes the split named test, else the last one that was measured.
func (r Report) headline() *headline {
	var h *headline
	for _, s := range r.Splits {
		if s.measured() && (h == nil || h.Name != "test") {
			h = &headline{Split: s, Right: s.right(), ChoseEpoch: s.Name == "dev"}
		}
	}
	if h == nil {
		return nil
	}
	h.Low, h.High = wilson(h.Right, h.Texts)
	if class, texts := h.largest(); texts > 0 {
		h.Largest, h.LargestShare = name(r.Labels[class]), percent(texts, h.Texts)
	}
	return h
}

// kept gives the index of the epoch that was kept, -1 if none is marked.
func (r Report) kept() int {
	kept := -1
	for i, e := range r.Epochs {
		if e.Best {
			kept = i
		}
	}
	return kept
}

// aligned tells whether trusted texts took part in training.
func (r Report) aligned() bool {
	for _, e := range r.Epochs {
		if e.AuxLoss != 0 {
			return true
		}
	}
	return false
}

// largest is the class with the most texts, and their number.
func (s Split) largest() (class, texts int) {
	for i := range s.Confusion {
		n := 0
		for _, count := range s.Confusion[i] {
			n += count
		}
		if n > texts {
			class, texts = i, n
		}
	}
	return class, texts
}

// classScore holds what a confusion matrix says about one class, shares in percent, NaN where undefined.
type classScore struct {
	Texts, Predicted      int
	Precision, Recall, F1 float64
}

// classScores reads precision (of the texts predicted so, those that are so), recall (of the texts that are so,
// those predicted so) and their harmonic mean off a confusion matrix.
func classScores(confusion [][]int) []classScore {
	scores := make([]classScore, len(confusion))
	for i, row := range confusion {
		for j, n := range row {
			scores[i].Texts += n
			scores[j].Predicted += n
		}
	}
	for i := range scores {
		s, right := &scores[i], confusion[i][i]
		s.Precision, s.Recall = percent(right, s.Predicted), percent(right, s.Texts)
		s.F1 = percent(2*right, s.Texts+s.Predicted)
	}
	return scores
}

// means gives balanced accuracy (mean recall) and macro F1 over the classes for which they are defined.
func means(scores []classScore) (recall, f1 float64) {
	mean := func(pick func(classScore) float64) float64 {
		sum, n := 0.0, 0
		for _, s := range scores {
			if v := pick(s); !math.IsNaN(v) {
				sum += v
				n++
			}
		}
		return sum / float64(n) // NaN for none
	}
	return mean(func(s classScore) float64 { return s.Recall }), mean(func(s classScore) float64 { return s.F1 })
}

// wilson is the 95 % confidence interval, in percent, of a share of which part of whole were seen (Wilson 1927,
// without continuity correction). Unlike mean ± 1.96 standard errors it stays within 0 and 100.
func wilson(part, whole int) (low, high float64) {
	const z = 1.959963984540054
	n := float64(whole)
	p := float64(part) / n
	centre := p + z*z/(2*n)
	spread := z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	scale := 100 / (1 + z*z/n)
	return max(0, scale*(centre-spread)), min(100, scale*(centre+spread))
}
