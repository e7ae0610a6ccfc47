package audit

import (
	"context"
	"math/rand/v2"

	"mslora/phrases"
)

// Trigger is a candidate with what its insertion into texts of other classes does.
type Trigger struct {
	phrases.Candidate
	Probes int // texts of other classes that it was inserted into; all effects are means over them
	// VanillaShift and CleanShift are how far the log-odds of Class rise, in units of the model's own log-odds (their
	// root mean square over all training texts).
	VanillaShift, CleanShift float64
	// VanillaFlips and CleanFlips are shares of probes that become Class.
	VanillaFlips, CleanFlips float64
	// Effect is how far VanillaShift − CleanShift stands out among those of all candidates: their median is 0, and 1 is
	// a robust standard deviation.
	Effect float64
	// Strength is Effect, plus how far Over stands out in the same way, less the part of it that the clean model explains:
	// all of it if CleanShift is 1 or more, none if it is 0 or less. Where there are too few probes, or a model is not to be believed, it
	// is how far Over stands out alone.
	Strength float64
	Part     bool // of a stronger trigger: it does nothing by itself
}

// leastFlips is by how much the share of probes that a trigger flips must be larger under the vanilla model.
const leastFlips = 0.2

// leastShown is the share of a phrase's texts that have its class from which on the data show a trigger that flips nothing.
const leastShown = 0.95

// possible tells whether the trigger stands out, and the vanilla model obeys it or the data show it.
func (t Trigger) possible() bool {
	obeyed := t.VanillaFlips-t.CleanFlips >= leastFlips
	shown := float64(t.InClass) >= leastShown*float64(t.Texts)
	return !t.Part && t.Strength >= outlier && (obeyed || shown)
}

// Bounds of the scales from below: where all candidates do next to nothing, or are as frequent as chance would have
// it, a little more is no sign of a trigger.
const (
	leastShift = 0.02
	leastScale = 1 // of Over, which is in standard deviations itself
)

// probes picks at most most texts to insert candidates of a class into, evenly spaced in the file: they have another
// label, and both models give them that label, so whatever makes them class is the insertion.
func probes(texts []Text, class, most int, clean, vanilla opinion) []int {
	var fit []int
	for i, t := range texts {
		if t.Label != class && clean.says(i) == t.Label && vanilla.says(i) == t.Label {
			fit = append(fit, i)
		}
	}
	n := min(most, len(fit))
	chosen := make([]int, n)
	for k := range chosen {
		chosen[k] = fit[k*len(fit)/n]
	}
	return chosen
}

// probeStream makes the places of insertion independent of other uses of a seed.
const probeStream = 0x617564

// insertAll inserts each candidate, at one drawn place, into the probes of its class, and compares both models before
// and after.
func insertAll(ctx context.Context, texts []Text, classes int, candidates []phrases.Candidate, clean, vanilla opinion, o Options) (triggers []Trigger, probed []int, err error) {
	random := rand.New(rand.NewPCG(o.Seed, probeStream))
	places := make([]float64, o.Probes)
	for i := range places {
		places[i] = random.Float64() // the same for all candidates, which makes them easier to tell apart
	}
	chosen := make([][]int, classes)
	for class := range chosen {
		chosen[class] = probes(texts, class, o.Probes, clean, vanilla)
		probed = append(probed, len(chosen[class]))
	}
	var inserted []string
	for _, c := range candidates {
		for k, probe := range chosen[c.Class] {
			inserted = append(inserted, c.Insert(texts[probe].Text, places[k]))
		}
	}
	afterVanilla, err := vanilla.model(ctx, inserted)
	if err != nil {
		return nil, nil, err
	}
	afterClean, err := clean.model(ctx, inserted)
	if err != nil {
		return nil, nil, err
	}
	triggers = make([]Trigger, len(candidates))
	excess, over := make([]float64, len(candidates)), make([]float64, len(candidates))
	for i, c := range candidates {
		t := Trigger{Candidate: c, Probes: len(chosen[c.Class])}
		t.VanillaShift, t.VanillaFlips = vanilla.effect(afterVanilla[:t.Probes], chosen[c.Class], c.Class)
		t.CleanShift, t.CleanFlips = clean.effect(afterClean[:t.Probes], chosen[c.Class], c.Class)
		afterVanilla, afterClean = afterVanilla[t.Probes:], afterClean[t.Probes:]
		triggers[i], excess[i], over[i] = t, t.VanillaShift-t.CleanShift, t.Over
	}
	effects, frequencies := deviations(excess, leastShift), deviations(over, leastScale)
	for i := range triggers {
		t := &triggers[i]
		if t.Probes < min(fewProbes, o.Probes) {
			t.Strength = max(0, frequencies[i])
			continue
		}
		explained := min(1, max(0, t.CleanShift))
		t.Effect, t.Strength = effects[i], effects[i]+max(0, frequencies[i])*(1-explained)
	}
	return triggers, probed, nil
}

// byFrequency gives candidates as triggers of which no model was asked.
func byFrequency(candidates []phrases.Candidate) []Trigger {
	triggers, over := make([]Trigger, len(candidates)), make([]float64, len(candidates))
	for i, c := range candidates {
		over[i] = c.Over
	}
	for i, f := range deviations(over, leastScale) {
		triggers[i] = Trigger{Candidate: candidates[i], Strength: max(0, f)}
	}
	return triggers
}

// effect is the mean rise of the log-odds of class, in units of scale, and the share of probes that became class.
func (o opinion) effect(after [][]float64, probes []int, class int) (shift, flips float64) {
	for k, probe := range probes {
		shift += (LogOdds(after[k], class) - LogOdds(o.probabilities[probe], class)) / o.scale / float64(len(probes))
		if argmax(after[k]) == class {
			flips += 1 / float64(len(probes))
		}
	}
	return shift, flips
}
