package defence

import (
	"strings"
	"testing"

	"mslora/dataset"
	"mslora/params"
)

// labelled are texts of two labels by turns.
func labelled(texts ...string) (all []dataset.Text) {
	for i, text := range texts {
		all = append(all, dataset.Text{Text: text, Label: i % 2})
	}
	return all
}

// What texts and hyperparameters rule out is refused without a model, and refused again by whoever asks the part without checking.
func TestCheck(t *testing.T) {
	blank := make([]string, 150)
	for _, test := range []struct {
		method         string
		over           params.Values
		train, trusted []string
		protected      []int
		hidden         int
		want           string // "": none
	}{
		{method: "bki", train: []string{"a", "b", "c", "d"}, want: "BKI: no word occurs twice in the training texts"},
		{method: "bki", train: []string{"a", "b", "a", "d"}},
		{method: "cube", train: blank[:100], want: "CUBE: 100 texts are too few to look for poisoned ones, which takes 101"},
		{method: "cube", train: blank, over: params.Values{cubeComponents: 200}, want: "CUBE: 150 texts are too few to look for poisoned ones, which takes 200"},
		{method: "cube", train: blank, over: params.Values{cubeComponents: 9}, hidden: 8, want: "CUBE: 9 principal components of vectors that have 8 numbers"},
		{method: "cube", train: blank, over: params.Values{cubeComponents: 8}, hidden: 8},
		{method: "seep", train: blank[:99], want: "SEEP: 99 texts are too few for seeds: seep_seeds is 0.01"},
		{method: "seep", train: blank[:100]},
		{method: "purify", train: blank[:10], want: "purification: 10 texts are too few to look for poisoned ones"},
		{method: "purify", train: blank, trusted: blank[:1], want: "purification: the trusted texts have one label alone, so they tell it from no other; 2 are the least"},
		{method: "purify", train: blank, trusted: blank[:2]},
		{method: "poe", train: blank[:9], want: "product of experts: label 1 has 4 texts, too few for an expert that is fitted out of fold"},
		{method: "poe", train: blank[:10]},
		{method: "strip", trusted: trustedTexts(99), want: "STRIP: 99 trusted texts, 100 are the least for a threshold that the share 0.01 of them is below"},
		{method: "strip", trusted: blank, want: "STRIP: no trusted text has a word to replace others by"},
		{method: "strip", trusted: trustedTexts(20), over: params.Values{"false_rejections": 0.05}},
		{method: "rap", trusted: trustedTexts(150), want: "RAP: 75 trusted texts of class 0, 100 are the least for a threshold that the share 0.01 of them is below"},
		{method: "rap", trusted: trustedTexts(150), over: params.Values{"rap_variant": "authors"}},
		{method: "rap", trusted: trustedTexts(300), protected: []int{2}, want: "RAP: 0 trusted texts of class 2, 100 are the least for a threshold that the share 0.01 of them is below"},
		{method: "rap", trusted: trustedTexts(300), over: params.Values{"rap_least": 0.5}, want: "RAP: rap_least is 0.5 and rap_most 0.3, expected a range"},
		{method: "rap", trusted: trustedTexts(300), over: params.Values{"rap_word": " "}, want: `RAP: the tokenizer has no token for the word " "`},
		{method: "rap", trusted: trustedTexts(199), protected: []int{0}},
		{method: "onion"}, {method: "spectral"}, {method: "abl"}, {method: "z-def"}, {method: "vanilla"},
	} {
		method, err := Find(test.method)
		if err != nil {
			t.Fatal(err)
		}
		bench := Bench{
			Classes: 2, Values: params.Defaults().With(test.over), Train: labelled(test.train...), Trusted: labelled(test.trusted...), Protected: test.protected,
			Hidden: test.hidden, Tokens: func(text string) []int32 { return make([]int32, 2+len(strings.Fields(text))) },
		}
		said := ""
		if err := method.Check(bench); err != nil {
			said = err.Error()
		}
		if said != test.want {
			t.Errorf("%s: %q, want %q", test.method, said, test.want)
		}
		if test.want == "" {
			continue
		}
		_, purifying := method.Purify(t.Context(), bench)
		_, consulting := method.Consult(t.Context(), bench)
		_, sieving := method.Sieve(t.Context(), bench)
		for _, err := range []error{purifying, consulting, sieving} {
			if err != nil && err.Error() == test.want {
				said = ""
			}
		}
		if said != "" {
			t.Errorf("%s: unchecked errors %v, %v and %v, want %s", test.method, purifying, consulting, sieving, test.want)
		}
	}
}
