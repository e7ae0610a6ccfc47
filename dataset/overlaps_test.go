package dataset

import (
	"slices"
	"strings"
	"testing"

	"mslora/internal/testset"
)

func TestCollapsed(t *testing.T) {
	for text, want := range map[string]string{
		"a b": "a b", " a  b\t": "a b", "a\nb": "a b", "a ": "a", " a": "a", "a  b": "a b", "a\u00a0b": "a b", "": "", " ": "", "\n": "", "é ü": "é ü",
	} {
		if got := collapsed(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// rowsOf writes rows of text and label.
func rowsOf(rows ...string) string { return "text,label\n" + strings.Join(rows, "\n") + "\n" }

func TestOverlaps(t *testing.T) {
	data := rowsOf("one,a", "two,b", "two,a", "three,a", "four,b", "five,a", "six,b", "seven,a", "eight,b", "nine,a", "ten,b") + repeat(20, "row %d,%s", "a", "b")
	dir := testset.Write(t, map[string]string{
		"data.csv": data, "dev.csv": rowsOf("new,a", "far,b", "trust,b"), "test.csv": rowsOf("one,a", "trust,b", "fresh,a"),
		"clean.csv": rowsOf(`" one ",b`, "two,b", "six,b", "seven,a", "eight,b", "trust,a", "trust,a", "torn,a", " torn,b"),
	}) + "/"
	d, err := LoadOwn(Own{Data: dir + "data.csv", Dev: dir + "dev.csv", Test: dir + "test.csv", Clean: dir + "clean.csv"})
	if err != nil {
		t.Fatal(err)
	}
	warnings := map[string][]string{}
	for _, file := range d.Files {
		warnings[file.Role] = file.Warnings
	}
	for role, want := range map[string][]string{
		"trusted": {
			"1 trusted text is there twice: line 8 (as line 7)",
			`1 trusted text is there under two labels, of which one at least is wrong: line 9 is "a", line 10 "b"`,
			"5 trusted texts are in " + dir + "data.csv, too, so nothing from elsewhere vouches for them: line 2 (2 there); line 3 (3 there); line 4 (8 there); and 2 more",
			"2 trusted texts are in " + dir + `data.csv with another label: line 2 is "b", line 2 there "a"; line 3 is "b", line 4 there "a"`,
		},
		"dev": {
			"1 dev text is in " + dir + "clean.csv, too, so accuracy on them says little: line 4 (7 there)",
			"1 dev text is in " + dir + `clean.csv with another label: line 4 is "b", line 7 there "a"`,
		},
		"test-clean": {
			"1 test text is in " + dir + "data.csv, too, so accuracy on them says little: line 2 (2 there)",
			"2 test texts are in " + dir + "clean.csv, too, so accuracy on them says little: line 2 (2 there); line 3 (7 there)",
			"2 test texts are in " + dir + `clean.csv with another label: line 2 is "a", line 2 there "b"; line 3 is "b", line 7 there "a"`,
		},
	} {
		if !slices.Equal(warnings[role], want) {
			t.Errorf("%s\n got %q\nwant %q", role, warnings[role], want)
		}
	}
	// Dev texts that trusted ones are drawn from.
	drawn, err := LoadOwn(Own{Data: dir + "data.csv", Dev: dir + "test.csv", CleanFromDev: 2})
	if want := []string{"1 dev text is in " + dir + "data.csv, too, so nothing from elsewhere vouches for them: line 2 (2 there)"}; err != nil || !slices.Equal(drawn.Files[1].Warnings, want) {
		t.Errorf("%q, %v", drawn.Files[1].Warnings, err)
	}
}

// A file that is given for two purposes, or a copy of it.
func TestSameFile(t *testing.T) {
	data := rowsOf() + repeat(40, "row %d,%s", "a", "b")
	dir := testset.Write(t, map[string]string{"data.csv": data, "copy.csv": data}) + "/"
	for _, test := range []struct {
		own     Own
		message string
		hint    string
	}{
		{Own{Clean: dir + "data.csv"}, "--clean and --data are the same file: " + dir + "data.csv", "give texts that you trust, from elsewhere or read one by one; a file that may be poisoned vouches for nothing"},
		{Own{Dev: dir + "copy.csv"}, "--dev and --data are the same file: " + dir + "copy.csv", "leave --dev out: a tenth of --data then chooses the epoch"},
		{Own{Test: dir + "data.csv"}, "--test and --data are the same file: " + dir + "data.csv", "give texts that are not trained on, or leave --test out"},
	} {
		test.own.Data = dir + "data.csv"
		_, err := LoadOwn(test.own)
		testset.CheckError(t, err, test.message, test.hint)
	}
}

// The files of a folder are compared, too; its dev texts are the trusted ones.
func TestOverlapsOfFolder(t *testing.T) {
	dir := testset.Write(t, map[string]string{
		"train.csv": rowsOf("one,1", "two,2", "three,3", "four,1"), "dev.csv": rowsOf("one,2", "new,3"), "test.csv": rowsOf("four,1", "new,3"),
	})
	d, err := Load(dir, LoadOptions{Target: 1})
	if err != nil {
		t.Fatal(err)
	}
	dev := []string{
		"1 dev text is in " + dir + "/train.csv, too, so nothing from elsewhere vouches for them: line 2 (2 there)",
		"1 dev text is in " + dir + `/train.csv with another label: line 2 is "2", line 2 there "1"`,
	}
	test := []string{
		"1 test text is in " + dir + "/train.csv, too, so accuracy on them says little: line 2 (5 there)",
		"1 test text is in " + dir + "/dev.csv, too, so accuracy on them says little: line 3 (3 there)",
	}
	if !slices.Equal(d.Files[1].Warnings, dev) || !slices.Equal(d.Files[2].Warnings, test) {
		t.Errorf("dev %q, test %q", d.Files[1].Warnings, d.Files[2].Warnings)
	}
}

// Labels of a folder may be numbers from 1, and are warned of if they differ in capitals only.
func TestLabelsOfFolder(t *testing.T) {
	for _, test := range []struct {
		name             string
		train, dev       string
		labels, warnings []string
		err              string
	}{
		{name: "from 0", train: rowsOf("one,0", "two,1"), dev: rowsOf("three,1")},
		{name: "from 1", train: rowsOf("one,2", "two,1", "three,3.0"), dev: rowsOf("four,3"), labels: []string{"1", "2", "3"}},
		{name: "from 1 to 10", train: rowsOf() + repeat(20, "row %d,%s", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"), dev: rowsOf("four,10"),
			labels: []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}},
		{name: "alike", train: rowsOf("one,Spam", "two,ham", "three,spam"), dev: rowsOf("four,ham"), labels: []string{"Spam", "ham", "spam"},
			warnings: []string{`labels "Spam" and "spam" differ only in capitals or spaces, and are two classes`}},
		{name: "a gap", train: rowsOf("one,1", "two,3"), dev: rowsOf("four,1"), err: "line 3 has label 3, but no text has label 0"},
		{name: "unknown in dev", train: rowsOf("one,1", "two,2"), dev: rowsOf("four,0"), err: `line 2: label "0" does not occur in the training texts`},
		{name: "several", train: rowsOf("one,0", "two,1", `three,"0,1"`), dev: rowsOf("four,0"), err: `1 rows have several labels, such as "0,1": this is a multi-label file`},
	} {
		dir := testset.Write(t, map[string]string{"train.csv": test.train, "dev.csv": test.dev, "test.csv": test.dev})
		d, err := Load(dir, LoadOptions{Target: 1})
		switch {
		case test.err != "":
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: %v, want %s", test.name, err, test.err)
			}
		case err != nil:
			t.Errorf("%s: %v", test.name, err)
		case !slices.Equal(d.Labels, test.labels) || !slices.Equal(d.Files[0].Classes, test.labels) || !slices.Equal(d.Files[0].Warnings, test.warnings):
			t.Errorf("%s: labels %q, warnings %q", test.name, d.Labels, d.Files[0].Warnings)
		}
	}
}
