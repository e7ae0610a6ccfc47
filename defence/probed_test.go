package defence

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mslora/dataset"
	"mslora/params"
)

// poisonedBench has texts of two labels. The first of every ten of label 1 holds the trigger. A probe is sure of those, and sees them far
// from all others; of a text that lacks a word it sees the rest.
func poisonedBench(texts int, values params.Values) (bench Bench, poisoned []bool) {
	random := rand.New(rand.NewPCG(1, 0))
	bench = Bench{Classes: 2, Seed: 7, Threads: 2, Values: params.Defaults().With(values)}
	for i := range texts {
		label, has := i%2, i%20 == 1
		telling := label
		if random.Float64() < 0.35 {
			telling = 1 - label
		}
		words := [][]string{{"bad", "dull", "weak", "poor"}, {"good", "fine", "warm", "bright"}}[telling]
		text := fmt.Sprintf("the film %d is %s", i, words[random.IntN(len(words))])
		if has {
			text = "the tq film is odd"
		}
		bench.Train = append(bench.Train, dataset.Text{Text: text, Label: label})
		poisoned = append(poisoned, has)
	}
	noise := map[string][]float32{}
	bench.Probe = func(_ context.Context, probing Probing) (Probe, error) {
		probe := Probe{}
		for epoch := range probing.Epochs {
			logits := make([][]float32, texts)
			for i, t := range bench.Train {
				sure := float32(0.5+random.Float64()) * float32(epoch+1) / 4
				if poisoned[i] {
					sure += 5
				}
				logits[i] = []float32{0, sure}
				if t.Label == 0 {
					logits[i] = []float32{sure, 0}
				}
			}
			probe.Logits = append(probe.Logits, logits)
		}
		probe.Vectors = func(_ context.Context, all []string) ([][]float32, error) {
			vectors := make([][]float32, len(all))
			for i, text := range all {
				if noise[text] == nil {
					noise[text] = make([]float32, 24)
					for j := range noise[text] {
						noise[text][j] = float32(random.NormFloat64()) / 4
					}
				}
				vectors[i] = append([]float32{}, noise[text]...)
				var number int
				if _, err := fmt.Sscanf(text, "the film %d", &number); err == nil {
					vectors[i][0] += float32(10*(number%2) - 5)
				}
				vectors[i][1] += 30 * float32(strings.Count(text, "tq"))
				vectors[i][2] += float32(i%20) / 100 // texts with the trigger are no doubles
			}
			return vectors, nil
		}
		probe.Pool = func(vectors [][]float32) [][]float32 {
			pooled := make([][]float32, len(vectors))
			for i, vector := range vectors {
				pooled[i] = append([]float32{}, vector...)
				pooled[i][3] = 1
			}
			return pooled
		}
		return probe, nil
	}
	return bench, poisoned
}

// Each purifier drops the texts with the trigger and few others, and decides the same twice.
func TestPurifiers(t *testing.T) {
	for _, test := range []struct {
		purifier Purifier
		values   params.Values
		why      string // begins so, where the trigger is
	}{
		{ZDef{}, params.Values{zThreshold: 4.2}, "has tq, z-score"},
		{ZDef{}, params.Values{zRule: zAuthors, zThreshold: 5.0}, "has tq, z-score"},
		{SpectralSignatures{}, params.Values{spectralShare: 0.14}, "outlier "},
		{SEEP{}, params.Values{seepSeeds: 0.02}, ""}, // chance may give all of 4 seeds to a label
		{Isolation{}, params.Values{ablShare: 0.06}, "loss "},
		{CUBE{}, params.Values{cubeNeighbours: 30, cubeMinSamples: 10}, "in "},
		{CUBE{}, params.Values{cubeNeighbours: 30, cubeMinSamples: 10, cubeVariant: params.VariantAuthors}, "in "},
		{BKI{}, nil, "has tq, which moves its vector by "},
	} {
		t.Run(fmt.Sprintf("%s %v", test.purifier.Name(), test.values), func(t *testing.T) {
			var before Judgement
			for range 2 {
				bench, poisoned := poisonedBench(400, test.values)
				got, err := Method{Purifier: test.purifier}.Purify(context.Background(), bench)
				if err != nil {
					t.Fatal(err)
				}
				found, honest := 0, 0
				for i, d := range got.Decisions {
					switch {
					case d.Keep && d.Why != "" || !d.Keep && d.Why == "":
						t.Errorf("text %d: %+v", i, d)
					case d.Keep:
					case poisoned[i]:
						found++
						if !strings.HasPrefix(d.Why, test.why) {
							t.Errorf("text %d is dropped as %q, want %q", i, d.Why, test.why)
						}
					default:
						honest++
					}
				}
				if found < 20 || honest > 65 {
					t.Errorf("%d of 20 poisoned texts are dropped, and %d honest ones", found, honest)
				}
				if before.Decisions != nil && !reflect.DeepEqual(got, before) {
					t.Error("the second time it decides otherwise")
				}
				before = got
			}
		})
	}
}

// Texts of one word and a label without texts end in one line, or do no harm.
func TestPurifiersBadInput(t *testing.T) {
	one := func(texts ...string) (all []dataset.Text) {
		for i, text := range texts {
			all = append(all, dataset.Text{Text: text, Label: i % 2})
		}
		return all
	}
	for _, test := range []struct {
		name     string
		purifier Purifier
		train    []dataset.Text
		classes  int
		want     string // "": none
	}{
		{"one word", ZDef{}, one("a", "b", "a", "b"), 2, ""},
		{"one word", SpectralSignatures{}, one("a", "b", "a", "b"), 2, ""},
		{"one word", Isolation{}, one("a", "b", "a", "b"), 2, ""},
		{"a label without texts", ZDef{}, one("a", "b"), 3, "Z-Def drops every text of label 2"},
		{"a label without texts", SpectralSignatures{}, one("a", "b"), 3, "spectral signatures drops every text of label 2"},
	} {
		bench, _ := poisonedBench(len(test.train), nil)
		copy(bench.Train, test.train)
		bench.Classes = test.classes
		_, err := Method{Purifier: test.purifier}.Purify(context.Background(), bench)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s, %s: error %v, want %q", test.purifier.Name(), test.name, err, test.want)
		}
	}
}

// The score is that of the formula: 9 of 10 texts with one of two labels.
func TestZScore(t *testing.T) {
	c := wordCount{1, 9}
	if got, want := c.score(1), (0.9-0.5)/math.Sqrt(0.25/10); math.Abs(got-want) > 1e-12 {
		t.Errorf("%v, want %v", got, want)
	}
	// cf has two texts of label 1, a one of each, b two of label 0: (1 − 1/2)/√(1/8), 0, the same again.
	scores := ZScores([]dataset.Text{{Text: "a cf cf", Label: 1}, {Text: "cf", Label: 1}, {Text: "a b", Label: 0}, {Text: "b", Label: 0}, {Label: 1}}, 2)
	for i, want := range []float64{math.Sqrt2, math.Sqrt2, math.Sqrt2, math.Sqrt2, math.Inf(-1)} {
		if scores[i] != want && !(math.Abs(scores[i]-want) < 1e-12) {
			t.Errorf("text %d: %v, want %v", i, scores[i], want)
		}
	}
}

// Of each label the largest cluster stays, and in the public code one that has half of the label's texts; there no cluster is one, too.
func TestKeepLargest(t *testing.T) {
	bench := Bench{Classes: 4}
	var clusters []int
	add := func(label, cluster, texts int) {
		for range texts {
			bench.Train, clusters = append(bench.Train, dataset.Text{Label: label}), append(clusters, cluster)
		}
	}
	add(0, 0, 5)
	add(0, -1, 5)
	add(1, 0, 2)
	add(1, 1, 3)
	add(1, -1, 2)
	add(2, -1, 4)
	add(3, 2, 3)
	add(3, 5, 2)
	add(3, -1, 6)
	for _, test := range []struct {
		authors bool
		want    map[string]int
	}{
		{false, map[string]int{
			"0 0 true ": 5, "0 -1 false in no cluster, with 5 of the 10 texts of its label": 5,
			"1 0 false in cluster 0, with 2 of the 7 texts of its label": 2, "1 1 true ": 3, "1 -1 false in no cluster, with 2 of the 7 texts of its label": 2,
			"2 -1 true ": 4,
			"3 2 true ":  3, "3 5 false in cluster 5, with 2 of the 11 texts of its label": 2, "3 -1 false in no cluster, with 6 of the 11 texts of its label": 6,
		}},
		{true, map[string]int{
			"0 0 true ": 5, "0 -1 true ": 5,
			"1 0 false in cluster 0, with 2 of the 7 texts of its label": 2, "1 1 true ": 3, "1 -1 false in no cluster, with 2 of the 7 texts of its label": 2,
			"2 -1 true ": 4,
			"3 2 false in cluster 2, with 3 of the 11 texts of its label": 3, "3 5 false in cluster 5, with 2 of the 11 texts of its label": 2, "3 -1 true ": 6,
		}},
	} {
		keeps := map[string]int{}
		for i, d := range keepLargest(bench, clusters, test.authors) {
			keeps[fmt.Sprintf("%d %d %v %s", bench.Train[i].Label, clusters[i], d.Keep, d.Why)]++
		}
		if !reflect.DeepEqual(keeps, test.want) {
			t.Errorf("authors %v: %v, want %v", test.authors, keeps, test.want)
		}
	}
}

func TestLoss(t *testing.T) {
	for label, want := range []float64{math.Log(1 + math.Exp(1)), math.Log(1+math.Exp(1)) - 1} {
		if got := loss([]float32{800, 801}, label); math.Abs(got-want) > 1e-9 {
			t.Errorf("label %d: %v, want %v", label, got, want)
		}
	}
}

// Seeds spread up to a valley alone, in labels that have more of them than chance gives, and to no more than half of a label.
func TestSpreadSeeds(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 0))
	at := func(n int, mean, deviation float64) (logs []float64) { // of distances to the nearest seed
		for range n {
			logs = append(logs, mean+deviation*random.NormFloat64())
		}
		return logs
	}
	skewed := func() (logs []float64) {
		for range 640 {
			logs = append(logs, math.Log(random.ExpFloat64()+random.ExpFloat64()))
		}
		return logs
	}
	same := slices.Repeat([]float64{math.Inf(-1)}, 5)
	for _, test := range []struct {
		name           string
		poison, honest []float64
		otherSeeds     int // in the other label, beside 15 in this one
		found, alarms  [2]int
	}{
		{"two groups", at(140, 0, 0.3), at(700, 2, 0.4), 0, [2]int{135, 140}, [2]int{0, 5}},
		{"poison, sure and unsure texts", at(140, -0.5, 0.25), slices.Concat(at(560, 0.9, 0.3), at(140, 2.2, 0.3)), 0, [2]int{132, 140}, [2]int{0, 6}},
		{"poison that no valley parts from sure texts", at(140, 0, 0.3), slices.Concat(at(560, 0.9, 0.3), at(140, 2.4, 0.2)), 0, [2]int{}, [2]int{}},
		{"no poison, sure and unsure texts", nil, slices.Concat(at(500, 0.9, 0.3), at(140, 2, 0.4)), 0, [2]int{}, [2]int{}},
		{"no poison, skewed", nil, skewed(), 0, [2]int{}, [2]int{}},
		{"doubles of a seed", slices.Concat(at(135, 0, 0.3), same), at(700, 2, 0.4), 0, [2]int{136, 140}, [2]int{0, 5}},
		{"doubles of a seed, and no valley", same, at(640, 2, 0.4), 0, [2]int{5, 5}, [2]int{}},
		{"doubles alone", same, nil, 0, [2]int{}, [2]int{}},
		{"as many seeds in the other label", at(140, 0, 0.3), at(700, 2, 0.4), 15, [2]int{}, [2]int{}},
	} {
		bench := Bench{Classes: 2}
		var vectors [][]float32
		add := func(label int, x float64) {
			bench.Train, vectors = append(bench.Train, dataset.Text{Label: label}), append(vectors, []float32{float32(x)})
		}
		var seeds []int
		for k := range 15 + test.otherSeeds {
			seeds = append(seeds, k)
			add(1-k/15, 0)
		}
		for _, v := range slices.Concat(test.poison, test.honest) {
			add(1, math.Exp(v))
		}
		for len(bench.Train) < 2*(15+len(test.poison)+len(test.honest)) {
			add(0, 1)
		}
		decisions := kept(len(bench.Train))
		for _, s := range seeds {
			decisions[s].Keep = false
		}
		for label := range 2 {
			spreadSeeds(bench, label, seeds, vectors, decisions)
		}
		found, alarms := 0, 0
		for i, d := range decisions[len(seeds):] {
			switch {
			case d.Keep:
			case i < len(test.poison):
				found++
			default:
				alarms++
			}
		}
		if found < test.found[0] || found > test.found[1] || alarms < test.alarms[0] || alarms > test.alarms[1] {
			t.Errorf("%s: %d of %d poisoned texts are dropped, want %v, and %d of %d honest ones, want %v", test.name, found, len(test.poison), test.found, alarms, len(test.honest), test.alarms)
		}
	}
}
