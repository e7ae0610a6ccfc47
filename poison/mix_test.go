package poison

import (
	"fmt"
	"slices"
	"testing"

	"mslora/dataset"
	"mslora/internal/testset"
)

// numberedTexts gives n clean texts t0, t1, …; without label all are of label 0.
func numberedTexts(n int, label func(int) int) []dataset.Text {
	texts := make([]dataset.Text, n)
	for i := range texts {
		texts[i].Text = fmt.Sprintf("t%d", i)
		if label != nil {
			texts[i].Label = label(i)
		}
	}
	return texts
}

// copies marks every text as a poisoned copy, with the target label.
func copies(clean []dataset.Text, target int) []dataset.Text {
	poisoned := slices.Clone(clean)
	for i := range poisoned {
		poisoned[i] = dataset.Text{Text: clean[i].Text + " cf", Label: target, Poisoned: true}
	}
	return poisoned
}

func TestMix(t *testing.T) {
	clean := numberedTexts(100, func(i int) int { return i % 3 }) // 34, 33, 33 texts of labels 0, 1, 2
	trueLabel := map[string]int{}
	order := map[string]int{}
	for i, text := range clean {
		trueLabel[text.Text+" cf"], order[text.Text], order[text.Text+" cf"] = text.Label, i, i
	}
	for _, target := range []int{0, 1} {
		poisoned := copies(clean, target)
		for _, setting := range dataset.Settings {
			for _, test := range []struct {
				ratio float64
				n     int
			}{{.01, 1}, {.019, 1}, {.1, 10}, {.2, 20}, {.29, 29}, {.3, 30}, {.33, 33}} {
				name := fmt.Sprintf("target %d, %s, %v", target, setting, test.ratio)
				mixed, err := Mix(clean, poisoned, setting, test.ratio, target, 42)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if len(mixed) != 100 || dataset.Poisoned(mixed[:100-test.n]) != 0 || dataset.Poisoned(mixed[100-test.n:]) != test.n {
					t.Fatalf("%s: %d texts, %d poisoned, not %d at the end", name, len(mixed), dataset.Poisoned(mixed), test.n)
				}
				seen := map[int]bool{}
				for i, text := range mixed {
					row := order[text.Text]
					if seen[row] {
						t.Fatalf("%s: text %d is there twice", name, row)
					}
					seen[row] = true
					if i > 0 && i != 100-test.n && row < order[mixed[i-1].Text] {
						t.Fatalf("%s: row %d is out of order", name, i)
					}
					if !text.Poisoned {
						continue
					}
					if text.Label != target {
						t.Fatalf("%s: poisoned text has label %d", name, text.Label)
					}
					if right := trueLabel[text.Text] == target; setting == "clean" && !right || setting == "dirty" && right {
						t.Fatalf("%s: poisoned a text of label %d", name, trueLabel[text.Text])
					}
				}
			}
		}
	}
}

// Every ratio of a setting poisons the texts of the smaller ratios and more.
func TestMixNested(t *testing.T) {
	clean := numberedTexts(50, nil)
	var before []dataset.Text
	for _, ratio := range []float64{.1, .2, .5, 1} {
		mixed, err := Mix(clean, copies(clean, 0), "mix", ratio, 0, 7)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range before {
			if !slices.Contains(mixed, text) {
				t.Errorf("ratio %v does not poison %v", ratio, text)
			}
		}
		before = mixed[len(mixed)-dataset.Poisoned(mixed):]
	}
}

func TestMixUniform(t *testing.T) {
	clean := numberedTexts(8, nil)
	count := map[string]int{}
	const draws = 4000
	for seed := range uint64(draws) {
		mixed, err := Mix(clean, copies(clean, 0), "mix", .25, 0, seed)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range mixed[6:] {
			count[text.Text]++
		}
	}
	for _, text := range copies(clean, 0) {
		testset.CheckCount(t, text.Text, count[text.Text], draws, .25)
	}
}

func TestMixErrors(t *testing.T) {
	clean := numberedTexts(30, func(i int) int { return i % 3 })
	_, err := Mix(clean, copies(clean, 1), "clean", .5, 1, 1)
	testset.CheckError(t, err, "ratio 0.5 of 30 training texts is 15, but setting clean can poison only 10 (ratio 0.333)", "lower --ratio or use --setting mix")
	_, err = Mix(clean, copies(clean, 1), "mix", .03, 1, 1)
	testset.CheckError(t, err, "ratio 0.03 of 30 training texts is less than one text", "raise --ratio or give more texts")
	_, err = Mix(clean, clean[1:], "mix", .5, 1, 1)
	testset.CheckError(t, err, "cannot mix 30 clean texts with 29 poisoned ones", "both files must hold the same texts in the same order")
}
