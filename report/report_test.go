package report

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

// epochs makes n of them, changed by edit.
func epochs(n int, edit func(*Epoch)) Report {
	var r Report
	for i := range n {
		e := Epoch{Epoch: i + 1, Loss: 1 / float64(i+1), DevAccuracy: 80, Best: i == 0}
		edit(&e)
		r.Epochs = append(r.Epochs, e)
	}
	return r
}

// classes makes a split that n classes of ten texts each are right in, but for one text.
func classes(n int) Report {
	r := Report{Splits: []Split{{Name: "test", Texts: 10 * n, Accuracy: 100 - 100/float64(10*n), Confusion: make([][]int, n)}}}
	for i := range n {
		r.Labels = append(r.Labels, fmt.Sprintf("class%d", i))
		r.Splits[0].Confusion[i] = make([]int, n)
		r.Splits[0].Confusion[i][i] = 10
	}
	r.Splits[0].Confusion[0][0], r.Splits[0].Confusion[0][n-1] = 9, r.Splits[0].Confusion[0][n-1]+1
	return r
}

// TestEdges writes reports at the ends of what there can be. All pages are well formed and draw within their frame.
func TestEdges(t *testing.T) {
	unchanged := func(*Epoch) {}
	const path, disc = `class="line" d="M`, "a3.5,3.5"
	for _, test := range []struct {
		name      string
		report    Report
		want, not []string
	}{
		{"nothing", Report{}, []string{"No accuracy was measured", "Classifier without a name", "How to cite"}, []string{"<svg", "<table", "Training</h2>", "Mistakes", "Warnings"}},
		{"one epoch", epochs(1, unchanged), []string{disc, "kept: epoch 1, 80.00", `text-anchor="middle">1</text>`, `open="open"`}, []string{"auxiliary", "Auxiliary"}},
		{"ten epochs", epochs(10, unchanged), []string{disc, ">10</text>", `open="open"`}, nil},
		{"balanced", Report{Balanced: true, Epochs: epochs(2, unchanged).Epochs}, []string{"the first with the best balanced accuracy on dev", "Balanced dev accuracy,", "Balanced accuracy on dev by epoch"}, nil},
		{"fifty epochs", epochs(50, unchanged), []string{path, ">1</text>", ">50</text>", "<details>"}, []string{disc, ">11</text>"}},
		{"no epoch kept", epochs(3, func(e *Epoch) { e.Best = false }), []string{path}, []string{"kept:", "ring\"", "is that of epoch"}},
		{"no finite loss", epochs(3, func(e *Epoch) { e.Loss = math.NaN() }), []string{"No epoch has a finite number to draw.", ">NaN</td>"}, nil},
		{"infinite loss", epochs(3, func(e *Epoch) {
			if e.Epoch == 2 {
				e.Loss = math.Inf(1)
			}
		}), []string{"Not drawn, being no finite number: training in 1 epoch.", "&#43;Inf"}, nil},
		{"auxiliary loss lost", epochs(3, func(e *Epoch) {
			e.AuxLoss = math.NaN()
		}), []string{"auxiliary (trusted texts) in 3 epochs", "Fully aligned"}, nil},
		{"immense loss", epochs(3, func(e *Epoch) { e.Loss = 1e308 }), []string{"No epoch has a finite number", "1e&#43;308"}, nil},
		{"large loss", epochs(3, func(e *Epoch) { e.Loss = 1e14 * float64(e.Epoch) }), []string{">3e&#43;14</text>"}, nil},
		{"no loss left", epochs(3, func(e *Epoch) { e.Loss = 0 }), []string{path, ">1.0</text>"}, nil},
		{"tiny loss", epochs(3, func(e *Epoch) { e.Loss = 1e-9 }), []string{path, ">1e-09</text>"}, nil},
		{"negative loss", epochs(3, func(e *Epoch) { e.Loss = -float64(e.Epoch) }), []string{">-3</text>"}, nil},
		{"perfect on dev", epochs(3, func(e *Epoch) { e.DevAccuracy = 100 }), []string{">100</text>", ">96</text>"}, []string{">101</text>"}},
		{"always wrong on dev", epochs(3, func(e *Epoch) { e.DevAccuracy = 0 }), []string{">0</text>", ">4</text>"}, []string{">-1</text>"}},
		{"dev not measured", epochs(3, func(e *Epoch) { e.DevAccuracy = math.NaN() }), []string{"No epoch has a finite number", "<td class=\"n\">–</td>"}, []string{"kept: "}},
		{"two classes", classes(2), []string{`<th scope="col"><bdi>class1</bdi></th>`, "90.0\u00a0%", "95.00", "Always answering “<bdi>class0</bdi>” would score 50.00"}, []string{"<abbr"}},
		{"one class", Report{Labels: []string{"only"}, Splits: []Split{{Name: "test", Texts: 5, Accuracy: 100, Confusion: [][]int{{5}}}}}, []string{"100.00", "100.0\u00a0%"}, nil},
		{"twenty classes", classes(20), []string{`matrix large`, `<abbr title="class19">20</abbr>`}, []string{"Most frequent mistakes"}},
		{"a hundred classes", classes(100), []string{"Most frequent mistakes", "<td><bdi>class0</bdi></td><td><bdi>class99</bdi></td><td class=\"n\">1</td>"}, []string{`class="matrix`, "Each row of"}},
		{"a hundred classes, no mistake", func() Report {
			r := classes(100)
			r.Splits[0].Confusion[0][0], r.Splits[0].Confusion[0][99], r.Splits[0].Accuracy = 10, 0, 100
			return r
		}(), []string{"Scores by class"}, []string{"Most frequent mistakes"}},
		{"only dev", Report{Splits: []Split{{Name: "dev", Texts: 200, Accuracy: 81.5}}}, []string{"81.50", "163 of 200 texts", "chose the epoch"}, []string{"Confusion", "Always answering"}},
		{"empty test", Report{Splits: []Split{{Name: "dev", Texts: 200, Accuracy: 81.5}, {Name: "test", Accuracy: math.NaN()}}}, []string{"163 of 200 texts", `<td class="n">–</td>`}, []string{"NaN"}},
		{"empty confusion matrix", Report{Labels: []string{"a", "b"}, Splits: []Split{{Name: "test", Accuracy: math.NaN(), Confusion: [][]int{{0, 0}, {0, 0}}}}}, []string{"No accuracy was measured"}, []string{"NaN", "50.0"}},
		{"all right", Report{Splits: []Split{{Name: "test", Texts: 20, Accuracy: 100}}}, []string{"20 of 20 texts", "83.89", "100.00"}, []string{"chose the epoch"}},
		{"examples that are right", Report{Examples: []Example{{"t", "a", "a", 1}}}, []string{"Examples</h2>"}, []string{"Mistakes"}},
		{"no probability", Report{Examples: []Example{{"t", "a", "b", math.Inf(1)}}}, []string{"Mistakes</h2>", `class="n">–</td>`}, []string{"Inf"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			page := pageOf(t, test.report)
			parse(t, page)
			checkDrawings(t, page)
			cardOf(t, test.report)
			for _, want := range test.want {
				if !strings.Contains(page, want) {
					t.Errorf("there is no %s", want)
				}
			}
			for _, not := range test.not {
				if strings.Contains(page, not) {
					t.Errorf("there is %s", not)
				}
			}
		})
	}
	for _, fixture := range fixtures {
		page := pageOf(t, fixture.make())
		parse(t, page)
		checkDrawings(t, page)
	}
}

func TestCheck(t *testing.T) {
	two := []string{"a", "b"}
	for _, test := range []struct {
		name   string
		report Report
		want   string
	}{
		{"epoch 0", Report{Epochs: []Epoch{{}}}, "epoch 0 stands in place 1, want numbers that rise from 1"},
		{"epochs out of order", Report{Epochs: []Epoch{{Epoch: 1}, {Epoch: 1}}}, "epoch 1 stands in place 2, want numbers that rise from 1"},
		{"dev accuracy", Report{Epochs: []Epoch{{Epoch: 1, DevAccuracy: 101}}}, "epoch 1: dev accuracy is 101, want percent"},
		{"texts", Report{Splits: []Split{{Name: "test", Texts: -1}}}, `split "test": it has -1 texts`},
		{"accuracy", Report{Splits: []Split{{Name: "test", Accuracy: -0.5}}}, `split "test": accuracy is -0.5, want percent`},
		{"rows", Report{Labels: two, Splits: []Split{{Name: "dev", Confusion: [][]int{{0, 0}}}}}, `split "dev": confusion matrix has 1 rows for 2 labels`},
		{"columns", Report{Labels: two, Splits: []Split{{Name: "dev", Confusion: [][]int{{0, 0}, {0}}}}}, `split "dev": row 1 of the confusion matrix has 1 columns for 2 labels`},
		{"too many", Report{Labels: two, Splits: []Split{{Name: "dev", Texts: 1, Confusion: [][]int{{1, 0}, {0, 1}}}}}, `split "dev": confusion matrix does not add up to 1 texts`},
		{"immense count", Report{Labels: two, Splits: []Split{{Name: "dev", Texts: 1, Confusion: [][]int{{math.MaxInt, math.MaxInt}, {0, 1}}}}}, `split "dev": confusion matrix does not add up to 1 texts`},
		{"negative count", Report{Labels: two, Splits: []Split{{Name: "dev", Texts: 1, Confusion: [][]int{{-1, 1}, {0, 1}}}}}, `split "dev": confusion matrix does not add up to 1 texts`},
		{"too few", Report{Labels: two, Splits: []Split{{Name: "dev", Texts: 3, Confusion: [][]int{{1, 0}, {0, 1}}}}}, `split "dev": confusion matrix has 2 of 3 texts`},
		{"another accuracy", Report{Labels: two, Splits: []Split{{Name: "dev", Texts: 2, Accuracy: 90, Confusion: [][]int{{1, 0}, {0, 1}}}}}, `split "dev": accuracy is 90.00, its confusion matrix says 100.00`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			for _, err := range []error{test.report.Write(&out), test.report.WriteCard(&out)} {
				if err == nil || err.Error() != test.want {
					t.Errorf("got %v, want %s", err, test.want)
				}
			}
			if out.Len() > 0 {
				t.Errorf("wrote %d bytes", out.Len())
			}
		})
	}
}

type brokenWriter struct{ error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.error }

func TestWriteError(t *testing.T) {
	full := errors.New("disk full")
	for _, err := range []error{reviews().Write(brokenWriter{full}), reviews().WriteCard(brokenWriter{full})} {
		if !errors.Is(err, full) {
			t.Errorf("got %v", err)
		}
	}
}
