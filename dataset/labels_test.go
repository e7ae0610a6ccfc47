package dataset

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mslora/internal/hint"
	"mslora/internal/testset"
)

func TestParseLabelNames(t *testing.T) {
	for _, test := range []struct{ content, want string }{
		{"negative\npositive\n", "0\tnegative\n1\tpositive"},
		{"-1,bad\n1,\"good\"\n", "-1\tbad\n1\tgood"},
		{"1\tWorld news\r\n2\tSports\r\n", "1\tWorld news\n2\tSports"},
		{`["bad", "good, really"]`, "0\tbad\n1\tgood, really"},
		{`{"0": "bad", "1": "good"}`, "0\tbad\n1\tgood"},
	} {
		if got, err := parseLabelNames([]byte(test.content)); err != nil || got != test.want {
			t.Errorf("%q: %q, %v, want %q", test.content, got, err, test.want)
		}
	}
	for _, content := range []string{"", "0,a\n0,b", ",a", "[1]", `{"a": 1}`, "a\xff", "{"} {
		var hinted *hint.Error
		if got, err := parseLabelNames([]byte(content)); !errors.As(err, &hinted) {
			t.Errorf("%q: %q, %v, want an error with a hint", content, got, err)
		}
	}
}

// loadLabels reads a file of texts with the labels.
func loadLabels(t *testing.T, reading Reading, rows int, labels ...string) (*Dataset, error) {
	t.Helper()
	dir := testset.Write(t, map[string]string{"own.csv": "text,label\n" + repeat(rows, "row %d,%s", labels...)})
	d, err := LoadOwn(Own{Data: dir + "/own.csv", Reading: reading})
	if err != nil {
		err = errors.New(strings.TrimPrefix(err.Error(), dir+"/"))
	}
	return d, err
}

func TestLabels(t *testing.T) {
	for _, test := range []struct {
		name    string
		reading Reading
		labels  []string
		want    []string
		warning string
	}{
		{"numbers with points", Reading{}, []string{"0.0", "1.0"}, []string{"0", "1"}, ""},
		{"minus one and one", Reading{}, []string{"1", "-1"}, []string{"-1", "1"}, ""},
		{"from one", Reading{}, []string{"1", "2", "3"}, []string{"1", "2", "3"}, ""},
		{"truth values", Reading{}, []string{"True", "False"}, []string{"False", "True"}, ""},
		{"named", Reading{LabelNames: "0\tbad\n1\tgood"}, []string{"0", "1.0"}, []string{"bad", "good"}, ""},
		{"words", Reading{}, []string{"none", "some"}, []string{"none", "some"}, ""},
		{"capitals", Reading{}, []string{"Good", "good "}, []string{"Good", "good"}, `labels "Good" and "good" differ only in capitals or spaces, and are two classes`},
	} {
		d, err := loadLabels(t, test.reading, 60, test.labels...)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if !slices.Equal(d.Labels, test.want) || strings.Join(d.Files[0].Warnings, "") != test.warning {
			t.Errorf("%s: labels %q, warnings %q", test.name, d.Labels, d.Files[0].Warnings)
		}
	}
}

func TestNoLabels(t *testing.T) {
	var ids, scores []string
	for i := range 60 {
		ids, scores = append(ids, fmt.Sprint(i)), append(scores, fmt.Sprintf("0.%02d1", i))
	}
	for _, test := range []struct {
		name   string
		labels []string
		want   string
	}{
		{"ids", ids, `own.csv: there are 60 different labels in 60 rows, such as "0" and "1": an id, not a class`},
		{"scores", scores, "own.csv: the labels are numbers such as 0.001, 60 different ones in 60 rows: scores, not classes"},
		{"several", []string{"0", "1", `"0,1"`}, `own.csv: 20 rows have several labels, such as "0,1": this is a multi-label file`},
		{"missing", []string{"0", "1", "nan"}, "own.csv: line 4: the label is missing: it is nan among numbers; line 7: the label is missing: it is nan among numbers; " +
			"line 10: the label is missing: it is nan among numbers; and 17 more; 20 rows cannot be used"},
	} {
		if _, err := loadLabels(t, Reading{}, 60, test.labels...); err == nil || err.Error() != test.want {
			t.Errorf("%s: %v, want %s", test.name, err, test.want)
		}
	}
	_, err := loadLabels(t, Reading{LabelNames: "0\tbad"}, 60, "0", "7")
	if err == nil || !strings.HasPrefix(err.Error(), `own.csv: line 3: label "7" has no name`) {
		t.Errorf("a label without name: %v", err)
	}
}

// A class that is rare by the draw, not by the file, needs a larger draw.
func TestRareByLimit(t *testing.T) {
	var rows strings.Builder
	rows.WriteString("text,label\n" + repeat(25, "rare %d,%s", "rare") + repeat(2000, "often %d,%s", "often"))
	dir := testset.Write(t, map[string]string{"own.csv": rows.String()})
	_, err := LoadOwn(Own{Data: dir + "/own.csv", Limit: 200, Seed: 42})
	testset.CheckError(t, err, dir+`/own.csv: label "rare" has 2 of the 200 texts that --limit drew, and 25 of the file's; drawing a tenth of each label needs 10`,
		"raise --limit, to 810 or more, or give a file to choose the epoch by with --dev")
}

func TestContradictions(t *testing.T) {
	dir := testset.Write(t, map[string]string{"own.csv": "text,label\n" + repeat(40, "row %d,%s", "a", "b") + "row 0,b\nrow 1,b\nnan,a\n"})
	d, err := LoadOwn(Own{Data: dir + "/own.csv"})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{`1 rows repeat a text with another label, for example lines 2 ("a") and 42 ("b")`}; !slices.Equal(d.Files[0].Warnings, want) {
		t.Errorf("warnings %q, want %q", d.Files[0].Warnings, want)
	}
	if d.Files[0].Nothing != 1 {
		t.Errorf("%+v", d.Files[0])
	}
}

// Every row has an answer, in order, if all are asked for.
func TestAll(t *testing.T) {
	for name, content := range map[string]string{"a.txt": "one\n\nthree\xff é\n", "a.csv": "text,label\none,a\n ,b\nthree\xff é,c\n"} {
		var lines []string
		_, err := eachRow(memory(name, content), Reading{All: true, Unlabelled: true}, wanted{}, func(row NamedText) error {
			lines = append(lines, fmt.Sprint(strings.TrimSpace(row.Text) == "", row.Bad != nil))
			return nil
		})
		if want := []string{"false false", "true false", "false true"}; err != nil || !slices.Equal(lines, want) {
			t.Errorf("%s: %q, %v", name, lines, err)
		}
	}
}

func TestRejected(t *testing.T) {
	rejected := &Rejected{}
	_, err := eachRow(memory("a.csv", "text,label\none,a\n,b\nx,y,z\n"), Reading{SkipEmpty: true, SkipBad: true, Rejected: rejected}, wanted{label: true},
		func(NamedText) error { return nil })
	want := "file,line,reason,text,label\na.csv,3,the text is empty,,b\na.csv,4,\"expected 2 columns as in the header, found 3\",\"x,y,z\",\n"
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := rejected.Write(folder); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(folder, RejectedFile)); err != nil || string(got) != want {
		t.Errorf("%v\n got %q\nwant %q", err, got, want)
	}
	for _, none := range []*Rejected{nil, {}} { // no file without rows
		folder := t.TempDir()
		err := none.Write(folder)
		if entries, _ := os.ReadDir(folder); err != nil || len(entries) > 0 {
			t.Error(entries, err)
		}
	}
}
