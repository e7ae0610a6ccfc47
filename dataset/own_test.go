package dataset

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mslora/internal/hint"
)

// files writes texts to a temporary folder and gives a function that names their paths.
func files(t *testing.T, contents map[string]string) func(string) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range contents {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return func(name string) string {
		if name == "" {
			return ""
		}
		return filepath.Join(folder, name)
	}
}

var standard = Reading{Text: "text", Label: "label"}

func TestEachNamed(t *testing.T) {
	path := files(t, map[string]string{
		"a.csv":   "id,review,stars\n1,\"good, really\",pos\n2,\"two\nlines\", neg \n",
		"a.tsv":   "text\tlabel\na \"word\" quoted is an error\tpos\n",
		"b.tsv":   "\xef\xbb\xbftext\tlabel\none\tpos\n",
		"a.jsonl": `{"text": "a", "label": "x", "id": 7}` + "\n\n" + `{"text": "b", "label": 2}` + "\n" + `{"text": "c", "label": true}`,
		"f.csv":   ",0,1,2\n0,a,x,0\n1,b,x,1\n",
		"f.jsonl": `{"text": "a", "label": "x", "bad": true}` + "\n" + `{"text": "b", "label": "x", "bad": 0}`,
		"a.txt":   "one\r\n\n  two\n",
	})
	for _, test := range []struct {
		name    string
		columns Reading
		want    []NamedText
	}{
		{"a.csv", Reading{Text: "review", Label: "stars"}, []NamedText{{Text: "good, really", Label: "pos", Line: 2}, {Text: "two\nlines", Label: "neg", Line: 3}}},
		{"a.csv", Reading{Text: "review", Unlabelled: true}, []NamedText{{Text: "good, really", Label: "", Line: 2}, {Text: "two\nlines", Label: "", Line: 3}}},
		{"b.tsv", standard, []NamedText{{Text: "one", Label: "pos", Line: 2}}},
		{"a.jsonl", standard, []NamedText{{Text: "a", Label: "x", Line: 1}, {Text: "b", Label: "2", Line: 3}, {Text: "c", Label: "true", Line: 4}}},
		{"f.csv", Reading{Text: "0", Label: "1", Flag: "2"}, []NamedText{{Text: "a", Label: "x", Line: 2}, {Text: "b", Label: "x", Poisoned: true, Line: 3}}},
		{"f.jsonl", Reading{Text: "text", Label: "label", Flag: "bad"}, []NamedText{{Text: "a", Label: "x", Poisoned: true, Line: 1}, {Text: "b", Label: "x", Line: 2}}},
		{"a.txt", Reading{Text: "text", Unlabelled: true}, []NamedText{{Text: "one", Label: "", Line: 1}, {Text: "  two", Label: "", Line: 3}}},
	} {
		var got []NamedText
		if _, err := EachNamed(path(test.name), test.columns, func(n NamedText) error { got = append(got, n); return nil }); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
	}
}

func TestEachNamedErrors(t *testing.T) {
	for _, test := range []struct{ name, content, want, hint string }{
		{"a.csv", "text,stars\na,b\n", `there is no column "label", the file has "text, stars"`, "--label-column"},
		{"a.csv", "review;stars\na;b\n", `line 1: there is no column "text", the file has "review, stars"`, "did you mean --text-column review?"},
		{"a.csv", "text,text,label\na,b,c\n", `line 1: column "text" is there twice`, "rename"},
		{"a.csv", "text,label\n", "no rows", "at least one text"},
		{"a.csv", "", "the file is empty", "first line"},
		{"a.csv", "text,label\n , x\n", "line 2: the text is empty", "remove"},
		{"a.csv", "text,label\na,\n", "line 2: the label is empty", "remove"},
		{"a.csv", "text,label\na\x00b,c\n", "line 2: the text has a NUL byte", "NUL"},
		{"a.csv", "text,label\nà\xff,c\n", "line 2: the text is not valid UTF-8", "UTF-8"},
		{"a.csv", "text,label\n\"" + strings.Repeat("a", 2*LongestRow), "is longer than", "double quote"},
		{"a.jsonl", `{"text": "a"}`, `line 1: there is no key "label"`, "--label-column"},
		{"a.jsonl", `{"label": "a"}`, `line 1: there is no key "text"`, "--text-column"},
		{"a.jsonl", `{"text": 1, "label": "a"}`, `text is "1", expected a text`, "double quotes"},
		{"a.jsonl", `{"text": null, "label": "a"}`, `text is "null", expected a text`, "double quotes"},
		{"a.jsonl", `{"text": "a", "label": null}`, `label is "null"`, "a label is"},
		{"a.jsonl", `{"text": "a", "label": ["b"]}`, `label is "[\"b\"]"`, "a label is"},
		{"a.jsonl", `["a"]`, "not a JSON object", "one object a line"},
		{"a.txt", "one\n", "a .txt file has no labels", ".csv"},
		{"a.xlsx", "one\n", "unknown kind of file", ".csv"},
	} {
		path := files(t, map[string]string{test.name: test.content})
		_, err := EachNamed(path(test.name), standard, func(NamedText) error { return nil })
		var hinted *hint.Error
		switch {
		case err == nil:
			t.Errorf("%q was accepted", test.content)
		case !strings.HasPrefix(err.Error(), path(test.name)+": ") || !strings.Contains(err.Error(), test.want):
			t.Errorf("%q: %v, want %s", test.content[:min(60, len(test.content))], err, test.want)
		case !errors.As(err, &hinted) || !strings.Contains(hinted.Hint, test.hint):
			t.Errorf("%v: the hint lacks %q", err, test.hint)
		}
	}
}

// table has n rows for each label.
func table(n int, labels ...string) string {
	var out strings.Builder
	out.WriteString("text,label\n")
	for i := range n {
		for _, label := range labels {
			fmt.Fprintf(&out, "%s %d,%s\n", label, i, label)
		}
	}
	return out.String()
}

func TestLoadOwn(t *testing.T) {
	path := files(t, map[string]string{
		"reviews.csv": table(20, "good", "bad", "mixed"), "dev.csv": table(5, "bad", "good"), "test.csv": table(3, "good"),
		"clean.csv": table(2, "bad", "mixed"), "stars.csv": table(10, "10", "9", "1"),
	})
	d, err := LoadOwn(Own{Data: path("reviews.csv"), Test: path("test.csv"), Clean: path("clean.csv"), Reading: standard, Seed: 42})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"bad", "good", "mixed"}; !slices.Equal(d.Labels, want) || d.Classes != 3 || d.Name != "reviews" || d.Target != -1 {
		t.Errorf("labels %q, %d classes, name %s, target %d", d.Labels, d.Classes, d.Name, d.Target)
	}
	if len(d.Train) != 54 || len(d.Dev) != 6 || len(d.TestClean) != 3 || len(d.Trusted) != 4 || d.TestPoison != nil {
		t.Errorf("train %d, dev %d, test %d, trusted %d", len(d.Train), len(d.Dev), len(d.TestClean), len(d.Trusted))
	}
	perClass := make([]int, 3)
	for _, text := range d.Dev {
		perClass[text.Label]++
		if !strings.HasPrefix(text.Text, d.Labels[text.Label]) {
			t.Errorf("%q has label %s", text.Text, d.Labels[text.Label])
		}
		if slices.Contains(d.Train, text) {
			t.Errorf("%q is in train and in dev", text.Text)
		}
	}
	for i, text := range slices.Concat(d.Train, d.Dev) { // "good 0" stands in line 2, "bad 0" in line 3
		var n int
		fmt.Sscan(strings.Fields(text.Text)[1], &n)
		if want := 2 + 3*n + slices.Index([]string{"good", "bad", "mixed"}, d.Labels[text.Label]); d.Lines[i] != want {
			t.Errorf("%q is said to be in line %d, is in %d", text.Text, d.Lines[i], want)
		}
	}
	if !slices.Equal(perClass, []int{2, 2, 2}) {
		t.Errorf("dev has %v texts of the classes", perClass)
	}
	again, err := LoadOwn(Own{Data: path("reviews.csv"), Reading: standard, Seed: 42})
	if err != nil || !reflect.DeepEqual(again.Dev, d.Dev) {
		t.Errorf("the same seed drew another dev set: %v", err)
	}
	other, err := LoadOwn(Own{Data: path("reviews.csv"), Reading: standard, Seed: 43})
	if err != nil || reflect.DeepEqual(other.Dev, d.Dev) {
		t.Errorf("another seed drew the same dev set: %v", err)
	}
	given, err := LoadOwn(Own{Data: path("reviews.csv"), Dev: path("dev.csv"), CleanFromDev: 4, Reading: standard})
	if err != nil || len(given.Train) != 60 || len(given.Dev) != 6 || len(given.Trusted) != 4 {
		t.Errorf("train %d, dev %d, trusted %d: %v", len(given.Train), len(given.Dev), len(given.Trusted), err)
	}
	limited, err := LoadOwn(Own{Data: path("reviews.csv"), Dev: path("dev.csv"), Limit: 30, Reading: standard, Seed: 42})
	if err != nil || len(limited.Train) != 30 || len(limited.Dev) != 10 || limited.Files[0].Rows != 60 {
		t.Errorf("train %d, dev %d, rows %d: %v", len(limited.Train), len(limited.Dev), limited.Files[0].Rows, err)
	}
	numbers, err := LoadOwn(Own{Data: path("stars.csv"), Reading: standard})
	if err != nil || !slices.Equal(numbers.Labels, []string{"1", "9", "10"}) {
		t.Errorf("labels %q: %v", numbers.Labels, err)
	}
}

func TestLoadOwnErrors(t *testing.T) {
	var many strings.Builder
	many.WriteString("text,label\n")
	for i := range mostClasses + 1 {
		fmt.Fprintf(&many, "a,%d\n", i)
	}
	path := files(t, map[string]string{
		"one.csv": table(20, "good"), "few.csv": table(9, "good", "bad"), "ok.csv": table(10, "good", "bad"),
		"other.csv": table(1, "good", "excellent"), "many.csv": many.String(),
	})
	for _, test := range []struct {
		own  Own
		want string
	}{
		{Own{Data: "one.csv"}, `every text has the label "good"`},
		{Own{Data: "few.csv"}, `label "bad" has 9 texts`},
		{Own{Data: "many.csv"}, `line 1002: there are more than 1000 different labels, the last is "1000"`},
		{Own{Data: "ok.csv", Test: "other.csv"}, `other.csv: line 3: label "excellent" does not occur in`},
		{Own{Data: "ok.csv", CleanFromDev: 2}, "cannot draw 2 auxiliary texts from 2 dev texts"},
		{Own{Data: "ok.csv", Limit: 1}, "of the 1 texts that --limit drew"},
		{Own{Data: "none.csv"}, "none.csv: file does not exist"},
	} {
		own := test.own
		own.Data, own.Test, own.Reading = path(own.Data), path(own.Test), standard
		if _, err := LoadOwn(own); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v, want %s", test.own, err, test.want)
		}
	}
}

func FuzzEachNamed(f *testing.F) {
	for _, seed := range []string{"text,label\na,b\n", `{"text": "a", "label": 1}`, "a\nb", "text\tlabel\n\"a\"\"\"\tb", "\xef\xbb\xbf", "text,label\n\"a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		for _, extension := range []string{".csv", ".tsv", ".jsonl", ".txt"} {
			columns := standard
			if columns.Unlabelled = extension == ".txt"; columns.Unlabelled {
				columns.Label = ""
			}
			eachRow(memory("a"+extension, content), columns, wanted{label: !columns.Unlabelled}, refuseBlank(func(n NamedText) error {
				if strings.TrimSpace(n.Text) == "" || strings.Contains(n.Text, "\x00") || extension != ".txt" && n.Label == "" || n.Line < 1 {
					t.Errorf("%s gave %+v for %q", extension, n, content)
				}
				return nil
			}))
		}
	})
}
