package defence

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mslora/graphs"
	"mslora/internal/testmodel"
	"mslora/internal/testort"
	"mslora/lora"
	"mslora/ortrain"
	"mslora/params"
)

// rowFixture is what tools/exporter/row_fixtures.py computed with PyTorch: RAP's steps on the embedding of a token.
type rowFixture struct {
	Token       int32
	Class       int
	Least, Most float64
	Scale, Rate float64
	Plain       [][]int32
	Worded      [][]int32
	Head        map[string]ortrain.Weight
	Before      []float64
	Steps       []struct {
		Row, Probabilities []float64
	}
}

// Probabilities, and the embedding after each step, are PyTorch's, for each family.
func TestRAPParity(t *testing.T) {
	testort.Start(t)
	device, err := ortrain.ParseDevice("cpu", 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range []string{"tiny", "tiny-roberta", "tiny-llama"} {
		folder := filepath.Join(filepath.Dir(testmodel.Graphs()), family)
		data, err := os.ReadFile(filepath.Join(folder, "row.parity.json"))
		if err != nil {
			t.Fatal(err)
		}
		var f rowFixture
		if err := json.Unmarshal(data, &f); err != nil {
			t.Fatal(err)
		}
		model, err := ortrain.OpenModel(folder)
		if err != nil {
			t.Fatal(err)
		}
		defer model.Close()
		full, err := graphs.Open(folder, "full")
		if err != nil {
			t.Fatal(err)
		}
		// A text is the number of its tokens in the fixture.
		encode := func(text string) []int32 {
			if at, err := strconv.Atoi(strings.TrimPrefix(text, "mb ")); err == nil && strings.HasPrefix(text, "mb ") {
				return f.Worded[at]
			}
			return map[string][]int32{"": {1, 2}, "mb": {1, f.Token, 2}}[text]
		}
		token, err := firstToken("mb", encode)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := ortrain.NewWordRow(model, full, lora.Setting{}, f.Head, 3, device, token)
		if err != nil {
			t.Fatal(err)
		}
		row := &WordRow{opened, encode}
		defer row.Close()
		untuned := slices.Clone(row.Values())
		var texts []string
		for i := range f.Plain {
			texts = append(texts, strconv.Itoa(i))
		}
		for steps, want := range f.Steps {
			bench := Bench{Classes: 3, Values: params.Defaults().With(params.Values{"rap_epochs": steps, "rap_learning_rate": f.Rate,
				"rap_least": f.Least, "rap_most": f.Most, "rap_scale": f.Scale})}
			copy(row.Values(), untuned)
			r := &rap{bench: bench, word: "mb", row: row}
			if err := r.tune(t.Context(), texts, f.Before, f.Class); err != nil {
				t.Fatal(err)
			}
			for i, x := range row.Values() {
				if math.Abs(float64(x)-want.Row[i]) > 1e-5 {
					t.Fatalf("%s: after %d steps unit %d of the embedding is %v, want %v", family, steps, i, x, want.Row[i])
				}
			}
			p, _, err := r.probabilities(t.Context(), row.Logits, r.with(texts), f.Class)
			if err != nil {
				t.Fatal(err)
			}
			for i := range p {
				if math.Abs(p[i]-want.Probabilities[i]) > 1e-5 {
					t.Errorf("%s: after %d steps text %d has probability %v, want %v", family, steps, i, p[i], want.Probabilities[i])
				}
			}
		}
		if slices.Equal(untuned, row.Values()) {
			t.Errorf("%s: nothing was tuned", family)
		}
	}
}

// shaky is a row of one number, which lowers the logit of class 1 where the word stands before a text, unless the text has a trigger.
type shaky struct{ values []float32 }

func (s shaky) Values() []float32 { return s.values }

func (s shaky) Logits(_ context.Context, texts []string) ([][]float32, error) {
	logits := make([][]float32, len(texts))
	for i, text := range texts {
		class := float32(1)
		if strings.Contains(text, "bad") {
			class = -1
		}
		switch worded := strings.HasPrefix(text, "mb "); {
		case strings.Contains(text, "mn"):
			class = 3
		case worded:
			class -= s.values[0] * (1 + float32(len(text)%5)/10)
		}
		logits[i] = []float32{0, class}
	}
	return logits, nil
}

func (s shaky) Gradient(context.Context, []string, [][]float32) ([]float32, error) {
	return []float32{0}, nil
}

func TestRAP(t *testing.T) {
	for _, test := range []struct {
		name      string
		protected []int
		over      params.Values
		flagged   []bool // of a poisoned text, a clean one of class 1, a clean one of class 0
	}{
		{"class 1", []int{1}, nil, []bool{true, false, false}},
		// Whatever the class of a text: one of class 0 has no probability of class 1 to lose.
		{"authors", []int{1}, params.Values{"rap_variant": "authors"}, []bool{true, false, true}},
	} {
		row := shaky{[]float32{1}}
		bench := trusting(test.over, trustedTexts(200)...)
		bench.Protected, bench.Logits, bench.Tokens = test.protected, row.Logits, oneToken
		bench.OpenRow = func(int32) (Row, error) { return row, nil }
		sieve, err := RAP{}.Fit(t.Context(), bench)
		if err != nil {
			t.Fatal(err)
		}
		texts := []string{"the film mn is bad", "the film number3 is good and plain", "it is very bad"}
		got, err := sieve(t.Context(), texts)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range test.flagged {
			if got[i].Flagged != want || got[i].Text != texts[i] {
				t.Errorf("%s: %+v, want flagged %v", test.name, got[i], want)
			}
		}
	}
}

func TestRAPErrors(t *testing.T) {
	row := shaky{[]float32{1}}
	bench := trusting(nil, trustedTexts(200)...)
	for i := range 60 { // texts of class 1 that the model gives class 0
		bench.Trusted[2*i+1].Text += " bad"
	}
	bench.Protected, bench.Logits, bench.Tokens = []int{1}, row.Logits, oneToken
	bench.OpenRow = func(int32) (Row, error) { return row, nil }
	want := "40 trusted texts of class 1 that the model gives class 1, 100 are the least for a threshold that the share 0.01 of them is below"
	if _, err := (RAP{}).Fit(t.Context(), bench); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	encode := func(string) []int32 { return []int32{1, 2} }
	if _, err := firstToken(" ", encode); err == nil || err.Error() != `the tokenizer has no token for the word " "` {
		t.Errorf("error %v", err)
	}
}

// oneToken is a tokenizer with a token for whatever is not empty.
func oneToken(text string) []int32 {
	if text == "" {
		return []int32{1, 2}
	}
	return []int32{1, 3, 2}
}
