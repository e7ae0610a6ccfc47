package main

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"mslora/internal/pagetable"
)

// result is a file of tools/bench: a cell of bench.py, or what onecall.py or operations.py measured.
type result struct {
	Model        string                `json:"model"`
	Method       string                `json:"method"`
	Tokens       int                   `json:"tokens"` // of each text, 0: as they are
	Batch        int                   `json:"batch"`  // texts
	Sizes        map[string]int        `json:"sizes"`  // those that are not the usual ones
	Threads      int                   `json:"threads"`
	Batches      int                   `json:"batches"` // that each side had, if it did not take too long
	Texts        struct{ File string } `json:"texts"`
	Processor    string                `json:"processor"`
	Instructions []string              `json:"instructions"`
	Processors   int                   `json:"processors"`
	Versions     map[string]string     `json:"versions"`
	Began        pagetable.Moment      `json:"began"`
	Ended        pagetable.Moment      `json:"ended"`
	Length       float64               `json:"tokens_a_text"`
	Padded       map[string]float64    `json:"padded_tokens_a_text"`
	Ceiling      float64               `json:"ceiling_flops"` // operations a second
	Sides        map[string]side       `json:"sides"`
	LeftOut      map[string]string     `json:"left_out"`
	One          []float64             `json:"one"`       // seconds of one call, of each turn
	Two          []float64             `json:"two"`       // of two calls with half the batch
	Precision    string                `json:"precision"` // of these calls
	Graph        float64               `json:"graph_ms"`  // of a step's calls of the training graph, and what it goes to
	Kinds        map[string]float64    `json:"kinds_ms"`
}

// side is a line of the comparison. Seconds are those of its steps.
type side struct {
	Median  float64   `json:"median_ms"`
	Texts   float64   `json:"texts_a_second"`
	Peak    float64   `json:"peak_bytes"`
	Start   float64   `json:"start_seconds"`
	Joules  float64   `json:"joules_a_text"` // 0: not measured
	Seconds []float64 `json:"seconds"`
	Shares  struct {
		Ceiling   float64 `json:"ceiling"`
		Go        float64 `json:"go"`
		Optimizer float64 `json:"optimizer"`
	} `json:"shares"`
}

// Sides of mslora, in float32 and in 8 bits.
const (
	mslora     = "mslora"
	msloraInt8 = "mslora int8"
)

// isMslora tells mslora's sides from PyTorch's.
func isMslora(name string) bool { return name == mslora || strings.HasPrefix(name, mslora+" ") }

// isSorted tells sides whose batches were dealt by length.
func isSorted(name string) bool { return strings.HasSuffix(name, " sorted") }

// ratio is how many times as long a side took as ours, which is one of mslora's: the median of the steps' ratios, or, if its batches were others of
// the same texts, that of all texts.
func (r result) ratio(ours, name string) float64 {
	we, they := r.Sides[ours], r.Sides[name]
	if isSorted(name) {
		return we.Texts / they.Texts
	}
	ratios := make([]float64, min(len(we.Seconds), len(they.Seconds)))
	for i := range ratios {
		ratios[i] = they.Seconds[i] / we.Seconds[i]
	}
	return median(ratios)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// usual gives the cells whose sizes are the usual ones: texts as they are, 32 in a batch, every thread that the benchmark had.
func usual(results []result) (cells []result) {
	for _, r := range results {
		if len(r.Sides) > 0 && len(r.Sizes) == 0 {
			cells = append(cells, r)
		}
	}
	slices.SortStableFunc(cells, bySize)
	return cells
}

// bySize puts results of small models first.
func bySize(a, b result) int {
	return cmp.Compare(slices.Index(models, a.Model), slices.Index(models, b.Model))
}

// kinds of operations that operations.py tells apart.
var kinds = []string{"products in 8 bits", "products in float32", "attention", "small operations", "others"}

// models from small to large; others come before them.
var models = []string{"minilm", "bge-small", "smollm2-135m", "bert-base", "roberta-base"}

// sides are the names of all sides of the cells, mslora's first, then as PyTorch's user gets on: float32, sorted, compiled, bfloat16.
func sides(cells []result) []string {
	names := map[string]bool{}
	for _, r := range cells {
		for name := range r.Sides {
			names[name] = true
		}
	}
	rank := func(name string) int {
		switch {
		case isMslora(name):
			return 0
		case strings.HasPrefix(name, "float32"):
			return 1
		case strings.HasPrefix(name, "bfloat16"):
			return 2
		}
		return 3
	}
	return slices.SortedFunc(maps.Keys(names), func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(strings.Count(a, "compiled"), strings.Count(b, "compiled")), cmp.Compare(a, b))
	})
}
