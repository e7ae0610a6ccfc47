package dataset

import (
	"fmt"
	"slices"
	"testing"

	"mslora/internal/testset"
)

// numberedTexts gives n texts t0, t1, …; label and poisoned may be nil.
func numberedTexts(n int, label func(int) int, poisoned func(int) bool) []Text {
	texts := make([]Text, n)
	for i := range texts {
		texts[i].Text = fmt.Sprintf("t%d", i)
		if label != nil {
			texts[i].Label = label(i)
		}
		if poisoned != nil {
			texts[i].Poisoned = poisoned(i)
		}
	}
	return texts
}

func TestSubset(t *testing.T) {
	// 1,000 texts: 700 of label 0, 200 of label 1, 100 poisoned of label 1 at the end.
	label := func(i int) int {
		if i < 900 && i%9 < 7 {
			return 0
		}
		return 1
	}
	texts := numberedTexts(1000, label, func(i int) bool { return i >= 900 })
	for _, n := range []int{1, 2, 3, 7, 10, 100, 333, 999} {
		kept := Subset(texts, n)
		if len(kept) != n {
			t.Fatalf("limit %d: kept %d", n, len(kept))
		}
		count := map[Text]int{}
		last := -1
		for _, k := range kept {
			row := slices.Index(texts, k)
			if row <= last {
				t.Fatalf("limit %d: %v is out of order or there twice", n, k)
			}
			last = row
			count[Text{Label: k.Label, Poisoned: k.Poisoned}]++
		}
		for group, share := range map[Text]float64{{Label: 0}: .7, {Label: 1}: .2, {Label: 1, Poisoned: true}: .1} {
			if got, want := float64(count[group]), share*float64(n); got <= want-1 || got >= want+1 {
				t.Errorf("limit %d: %v of label %d, poisoned %v, want %v", n, got, group.Label, group.Poisoned, want)
			}
		}
	}
	if kept := Subset(texts, 1000); !slices.Equal(kept, texts) {
		t.Error("the whole set is not kept whole")
	}
	if kept := Subset(texts, 5000); !slices.Equal(kept, texts) {
		t.Error("a limit beyond the set changes it")
	}
}

// A subset is spread over the set, not its head.
func TestSubsetSpread(t *testing.T) {
	kept := Subset(numberedTexts(100, nil, nil), 4)
	want := []Text{{Text: "t0"}, {Text: "t25"}, {Text: "t50"}, {Text: "t75"}}
	if !slices.Equal(kept, want) {
		t.Errorf("got %v, want %v", kept, want)
	}
}

func TestDrawAuxiliary(t *testing.T) {
	dev := numberedTexts(100, func(i int) int { return i % 2 }, nil)
	before := slices.Clone(dev)
	aux, rest, err := DrawAuxiliary(dev, 96, 42)
	if err != nil {
		t.Fatal(err)
	}
	if len(aux) != 96 || len(rest) != 4 || !slices.Equal(dev, before) {
		t.Fatalf("drew %d, left %d", len(aux), len(rest))
	}
	if !slices.IsSortedFunc(rest, func(a, b Text) int { return slices.Index(dev, a) - slices.Index(dev, b) }) {
		t.Error("the rest is not in the order of dev")
	}
	all := append(slices.Clone(aux), rest...)
	for _, text := range dev {
		if !slices.Contains(all, text) {
			t.Errorf("%v is lost", text)
		}
	}
	again, _, _ := DrawAuxiliary(dev, 96, 42)
	other, _, _ := DrawAuxiliary(dev, 96, 43)
	if !slices.Equal(aux, again) || slices.Equal(aux, other) {
		t.Error("the draw does not follow the seed")
	}
}

// Each text is drawn equally often.
func TestDrawAuxiliaryUniform(t *testing.T) {
	dev := numberedTexts(10, nil, nil)
	count := map[string]int{}
	const draws = 4000
	for seed := range uint64(draws) {
		aux, _, err := DrawAuxiliary(dev, 3, seed)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range aux {
			count[text.Text]++
		}
	}
	for _, text := range dev {
		testset.CheckCount(t, text.Text, count[text.Text], draws, 0.3)
	}
}

func TestDrawAuxiliaryErrors(t *testing.T) {
	_, _, err := DrawAuxiliary(make([]Text, 96), 96, 1)
	testset.CheckError(t, err, "cannot draw 96 auxiliary texts from 96 dev texts and leave one to choose the epoch with",
		"add trusted texts to dev or draw fewer with --auxiliary")
	_, _, err = DrawAuxiliary(make([]Text, 96), 0, 1)
	testset.CheckError(t, err, "cannot draw 0 auxiliary texts", "96 is the paper's number")
}

// A seed draws the same texts for ever: results name only the seed.
func TestDrawsAreFixed(t *testing.T) {
	aux, _, err := DrawAuxiliary(numberedTexts(20, nil, nil), 5, 42)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, text := range aux {
		names = append(names, text.Text)
	}
	if want := []string{"t9", "t16", "t5", "t12", "t17"}; !slices.Equal(names, want) {
		t.Errorf("auxiliary texts %v, want %v", names, want)
	}
	sample := NewSample[int](5, 42)
	for row := range 20 {
		sample.Add("a", row)
	}
	if want := []int{1, 4, 5, 6, 19}; !slices.Equal(sample.Rows(), want) {
		t.Errorf("sample %v, want %v", sample.Rows(), want)
	}
	part, err := DrawTenths(numberedTexts(20, nil, nil), 1, 2, 42, nil)
	if want := []int{0, 2, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0}; err != nil || !slices.Equal(part, want) {
		t.Errorf("tenths %v, want %v, error %v", part, want, err)
	}
}
