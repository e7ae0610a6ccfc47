package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mslora/classifier"
)

// predictLengths says "long" of texts of more than four bytes. "bad" has no class, and batches keeps the sizes of what is predicted at once.
func predictLengths(batches *[]int) func(context.Context, []string) ([]classifier.Prediction, error) {
	return func(_ context.Context, texts []string) ([]classifier.Prediction, error) {
		*batches = append(*batches, len(texts))
		predictions := make([]classifier.Prediction, len(texts))
		for i, text := range texts {
			if text == "bad" {
				return nil, fmt.Errorf("wrapped: %w", &classifier.NotFiniteError{Index: i, Text: text})
			}
			predictions[i] = classifier.Prediction{Logits: []float32{0.5, -0.25}, Probabilities: []float64{0.75, 0.25}}
			if len(text) > 4 {
				predictions[i] = classifier.Prediction{Class: 1, Logits: []float32{-1, 1}, Probabilities: []float64{0.125, 0.875}}
			}
		}
		return predictions, nil
	}
}

func TestPredictor(t *testing.T) {
	for _, test := range []struct {
		name    string
		skipBad bool
		texts   []string
		want    string
		batches []int
		err     string
	}{
		{"in order, in batches", false, []string{"a", "a film", "", "c", "d"}, "short\t0.7500\ta\nlong\t0.8750\ta film\nshort\t0.7500\t\nshort\t0.7500\tc\nshort\t0.7500\td\n", []int{3, 2}, ""},
		{"what stands before a text without a class", false, []string{"a", "bad", "c"}, "short\t0.7500\ta\n", []int{3, 1}, "line 2: wrapped: the logits of the text \"bad\""},
		{"a text without a class is passed", true, []string{"a", "bad", "c", "bad"},
			"short\t0.7500\ta\nerror\t\twrapped: the logits of the text \"bad\" are [], expected finite numbers\nshort\t0.7500\tc\n" +
				"error\t\twrapped: the logits of the text \"bad\" are [], expected finite numbers\n", []int{3, 1, 1, 1, 0, 0}, ""},
		{"a row without a text", true, []string{"a", "(row)", "c"}, "short\t0.7500\ta\nerror\t\tno text\nshort\t0.7500\tc\n", []int{2, 0}, ""},
		{"long texts", false, []string{strings.Repeat("a", predictBytes), "b", "c"}, "long\t0.8750\t" + strings.Repeat("a", predictBytes) + "\nshort\t0.7500\tb\nshort\t0.7500\tc\n", []int{1, 2}, ""},
	} {
		var text strings.Builder
		var batches []int
		out := bufio.NewWriter(&text)
		p := &predictor{ctx: t.Context(), predict: predictLengths(&batches), out: out, write: writeLines(out, []string{"short", "long"}), texts: 3, skipBad: test.skipBad}
		var err error
		for i, text := range test.texts {
			a := answer{line: i + 1, text: text}
			if text == "(row)" {
				a = answer{line: i + 1, err: errors.New("no text")}
			}
			if err = p.add(a); err != nil {
				break
			}
		}
		if err == nil {
			err = p.flush()
		}
		if text.String() != test.want || !slices.Equal(batches, test.batches) {
			t.Errorf("%s: %.300q in batches of %v", test.name, text.String(), batches)
		}
		if (err == nil) != (test.err == "") || err != nil && !strings.HasPrefix(err.Error(), test.err) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestAnswers(t *testing.T) {
	labels := []string{"=short", "a \"long\" one"}
	long := classifier.Prediction{Class: 1, Logits: []float32{-0.1, 1}, Probabilities: []float64{0.25, 0.75}}
	answers := []answer{
		{line: 2, text: "=a\u202e", prediction: long},
		{line: 3, text: "b", err: errors.New("no <class>")},
		{line: 4, text: "mn c", flagged: true, prediction: long},
		{line: 5, text: "mn d", readAs: "d", prediction: long},
	}
	for _, test := range []struct{ name, want string }{
		{"lines", "a \"long\" one\t0.7500\t=a⟨U+202E⟩\nerror\t\tno <class>\nflagged\t\tmn c\na \"long\" one\t0.7500\tmn d\n"},
		{"objects", `{"text":"=a\u202e","label":"a \"long\" one","probability":0.75,"probabilities":{"=short":0.25,"a \"long\" one":0.75},` +
			`"logits":{"=short":-0.1,"a \"long\" one":1}}` + "\n" + `{"line":3,"text":"b","error":"no <class>"}` + "\n" +
			`{"text":"mn c","flagged":true,"probabilities":{"=short":0.25,"a \"long\" one":0.75},"logits":{"=short":-0.1,"a \"long\" one":1}}` + "\n" +
			`{"text":"mn d","read_as":"d","label":"a \"long\" one","probability":0.75,"probabilities":{"=short":0.25,"a \"long\" one":0.75},` +
			`"logits":{"=short":-0.1,"a \"long\" one":1}}` + "\n"},
		{"table", "text,label,probability,probability =short,\"probability a \"\"long\"\" one\",logit =short,\"logit a \"\"long\"\" one\",flagged,read as,error\n" +
			"'=a⟨U+202E⟩,\"a \"\"long\"\" one\",0.75,0.25,0.75,-0.1,1,false,,\nb,,,,,,,,,no <class>\n" +
			"mn c,,,0.25,0.75,-0.1,1,true,,\nmn d,\"a \"\"long\"\" one\",0.75,0.25,0.75,-0.1,1,false,d,\n"},
	} {
		var text strings.Builder
		out := bufio.NewWriter(&text)
		write := map[string]func(answer) error{"lines": writeLines(out, labels), "objects": writeObjects(out, labels, "")}[test.name]
		if test.name == "table" {
			var err error
			if write, err = writeTable(out, labels, true, false); err != nil {
				t.Fatal(err)
			}
		}
		for _, a := range answers {
			if err := write(a); err != nil {
				t.Error(err)
			}
		}
		out.Flush()
		if text.String() != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", test.name, text.String(), test.want)
		}
	}
}
