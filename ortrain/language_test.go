package ortrain

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"mslora/graphs"
	"mslora/internal/testmodel"
	"mslora/internal/testort"
)

// languageFixture is what tools/exporter/language_fixtures.py computed with Hugging Face's padded model.
type languageFixture struct {
	Tokens           []int32   `json:"tokens"`
	LogProbabilities []float64 `json:"log_probabilities"`
}

func openLanguageModel(t *testing.T, family string) (*LanguageModel, []languageFixture) {
	t.Helper()
	testort.Start(t)
	folder := filepath.Join(filepath.Dir(testmodel.Graphs()), family)
	model, err := OpenModel(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { model.Close() })
	causal, err := graphs.Open(folder, graphs.Causal)
	if err != nil {
		t.Fatal(err)
	}
	l, err := NewLanguageModel(model, causal, testDevice(t, 2))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	data, err := os.ReadFile(filepath.Join(folder, "causal.parity.json"))
	if err != nil {
		t.Fatal(err)
	}
	var fixtures []languageFixture
	if err := json.Unmarshal(data, &fixtures); err != nil || len(fixtures) == 0 {
		t.Fatalf("%d fixtures, error %v", len(fixtures), err)
	}
	return l, fixtures
}

// Log-probabilities are Hugging Face's, of texts that share their beginnings with others and of texts alone, in any order.
func TestLanguageModelParity(t *testing.T) {
	for _, family := range languageFamilies {
		l, fixtures := openLanguageModel(t, family)
		check := func(name string, fixtures []languageFixture) {
			t.Helper()
			texts := make([][]int32, len(fixtures))
			for i, f := range fixtures {
				texts[i] = f.Tokens
			}
			got, err := l.LogProbabilities(t.Context(), texts)
			if err != nil {
				t.Fatal(err)
			}
			for i, f := range fixtures {
				if len(got[i]) != len(f.LogProbabilities) {
					t.Fatalf("%s, %s: text %d has %d values, want %d", family, name, i, len(got[i]), len(f.LogProbabilities))
				}
				for j, want := range f.LogProbabilities {
					if math.Abs(float64(got[i][j])-want) > 2e-5 {
						t.Errorf("%s, %s: text %d, token %d: %v, want %v", family, name, i, j+1, got[i][j], want)
					}
				}
			}
		}
		check("together", fixtures)
		for i := range fixtures {
			check("alone", fixtures[i:i+1])
		}
		slices.Reverse(fixtures)
		check("reversed", fixtures)
		check("in several runs", slices.Repeat(shuffledHeads(fixtures), 20))
	}
}

var languageFamilies = []string{"tiny-llama", "tiny-gpt2"}

// shuffledHeads puts texts of different beginnings side by side, so that trees fill up.
func shuffledHeads(fixtures []languageFixture) []languageFixture {
	mixed := slices.Clone(fixtures)
	slices.SortStableFunc(mixed, func(a, b languageFixture) int { return int(a.Tokens[len(a.Tokens)-1]) - int(b.Tokens[len(b.Tokens)-1]) })
	return mixed
}

// By hand: three texts of 3, 3 and 2 tokens share their first token, and two of them the second.
func TestPlant(t *testing.T) {
	tr := newTree()
	for _, test := range []struct {
		text    []int32
		missing int
		nodes   []int
	}{{[]int32{7, 8, 9}, 3, []int{0, 1, 2}}, {[]int32{7, 8, 5}, 1, []int{0, 1, 3}}, {[]int32{7, 9}, 1, []int{0, 4}}, {[]int32{7, 8}, 0, []int{0, 1}}} {
		if n := tr.missing(test.text); n != test.missing {
			t.Errorf("%v misses %d nodes, want %d", test.text, n, test.missing)
		}
		if nodes := tr.add(test.text); !slices.Equal(nodes, test.nodes) {
			t.Errorf("%v stands at %v, want %v", test.text, nodes, test.nodes)
		}
	}
	other := newTree()
	other.add([]int32{3})
	f := plant([]*tree{tr, other})
	sees := []uint8{
		1, 0, 0, 0, 0,
		1, 1, 0, 0, 0,
		1, 1, 1, 0, 0,
		1, 1, 0, 1, 0,
		1, 0, 0, 0, 1,
	}
	for _, test := range []struct {
		name      string
		got, want []int64
	}{
		{"input_ids", f.inputIDs, []int64{7, 8, 9, 5, 9, 3}}, {"position_ids", f.positionIDs, []int64{0, 1, 2, 2, 1, 0}},
		{"token_row", f.tokenRow, []int64{0, 0, 0, 0, 0, 1}}, {"token_column", f.tokenColumn, []int64{0, 1, 2, 3, 4, 0}},
		{"row_tokens", f.rowTokens, []int64{0, 1, 2, 3, 4, 5, 0, 0, 0, 0}}, {"asking", f.asking, []int64{0, 1}},
		{"predicted_by", f.predictedBy, []int64{0, 1, 1, 0}}, {"predicted_id", f.predictedID, []int64{8, 9, 5, 9}},
	} {
		if !slices.Equal(test.got, test.want) {
			t.Errorf("%s: %v, want %v", test.name, test.got, test.want)
		}
	}
	if !slices.Equal(f.sees[:25], sees) || f.sees[25] != 1 {
		t.Errorf("sees %v", f.sees)
	}
}
