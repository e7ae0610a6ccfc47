package graphs

import (
	"strings"
	"testing"
)

func TestSaved(t *testing.T) {
	sizes := map[string]int64{"T": 10, "R": 2, "W": 5}
	for _, test := range []struct {
		saved   map[string]int64
		want    int64
		problem string
	}{
		{nil, 0, ""},
		{map[string]int64{"1": 16, "T": 4, "R*W^2": 3}, 16 + 4*10 + 3*2*25, ""},
		{map[string]int64{"X": 4}, 0, `unknown size "X"`},
		{map[string]int64{"T^x": 4}, 0, `the product "T^x"`},
		{map[string]int64{"T^0": 4}, 0, `the product "T^0"`},
	} {
		if joined, _ := (Manifest{SavedBytes: test.saved}).Saved(sizes, true); test.problem == "" && joined != test.want-test.saved["R*W^2"]*2*25 {
			t.Errorf("%v: got %d where attention is joined", test.saved, joined)
		}
		got, err := Manifest{SavedBytes: test.saved}.Saved(sizes, false)
		if got != test.want || (err == nil) != (test.problem == "") || err != nil && !strings.Contains(err.Error(), test.problem) {
			t.Errorf("%v: got %d, %v, want %d", test.saved, got, err, test.want)
		}
	}
}

// Every built-in training graph tells what it keeps, for sizes that the program gives, and more for more tokens.
func TestTopologiesTellWhatTheyKeep(t *testing.T) {
	sizes := map[string]int64{"T": 100, "R": 4, "W": 30, "B": 8, "L": 30, "C": 2, "r": 8, "k": 9, "b": 8, "p": 8}
	for _, architecture := range classifying() {
		for _, method := range Methods {
			topology, err := Store{}.Load(architecture, method)
			if err != nil {
				t.Fatal(err)
			}
			m := topology.Manifest
			few, err := m.Saved(sizes, false)
			if err != nil {
				t.Fatalf("%s, %s: %v", architecture, method, err)
			}
			// The input of each layer's feed-forward part is kept in any case.
			if least := int64(4*(m.Layers-1)*m.Hidden) * sizes["T"]; few < least {
				t.Errorf("%s, %s keeps %d bytes, expected more than %d", architecture, method, few, least)
			}
		}
	}
}
