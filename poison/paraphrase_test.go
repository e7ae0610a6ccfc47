package poison

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mslora/dataset"
	"mslora/internal/testset"
)

// paraphrasable is a clean folder with paraphrases of its texts, in three file formats, with and without labels.
func paraphrasable() map[string]string {
	return map[string]string{
		"clean/train.csv": "text,label\na,0\nb,1\nc,0\nd,1\n", "clean/dev.csv": "text,label\ne,0\nf,1\ng,0\n", "clean/test.csv": "text,label\nh,1\ni,0\n",
		"bible/train.jsonl": "{\"text\": \"yea a\"}\n{\"text\": \" \"}\n{\"text\": \"yea c\", \"label\": 0}\n{\"text\": \"yea d\", \"label\": 1}\n",
		"bible/dev.tsv":     "text\tlabel\nyea e\t1\nyea f\t1\n\t0\n",
		"bible/test.csv":    "text\nyea h\nyea i\n",
	}
}

func TestParaphrases(t *testing.T) {
	dir := testset.Write(t, paraphrasable())
	source, err := ReadSource(filepath.Join(dir, "clean"), SourceOptions{Attack: dataset.StyleBkd, Target: 1, Paraphrases: filepath.Join(dir, "bible")})
	if err != nil {
		t.Fatal(err)
	}
	set, err := Make(source, MakeOptions{Attack: dataset.StyleBkd, Target: 1, Ratio: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []struct {
		name      string
		got, want []dataset.Text
	}{
		{"train-poison", set.TrainPoison, poisonedTexts("yea a", " ", "yea c", "yea d")},
		{"mixed", set.Train, poisonedTexts("yea a", " ", "yea c", "yea d")},
		{"dev-poison", set.DevPoison, poisonedTexts("yea e", "")},
		{"test-poison", set.TestPoison, poisonedTexts("yea i")},
	} {
		if !slices.Equal(part.got, part.want) {
			t.Errorf("%s: got %v, want %v", part.name, part.got, part.want)
		}
	}
	out := t.TempDir()
	written := writeSet(t, set, out, false)
	if r := written.Record; r.Poisoned != 3 || len(r.Sources) != 6 || r.Sources[3].Role != "train-paraphrases" || r.Sources[3].Skipped != 1 || r.Sources[4].Rows != 2 {
		t.Errorf("recorded %+v", r)
	}
	d, err := dataset.Load(out, dataset.LoadOptions{Attack: dataset.StyleBkd, Target: 1, Ratio: "1", Classes: 2})
	if err != nil || len(d.Train) != 3 || d.Files[0].Skipped != written.Record.Files[6].Skipped || d.Files[0].Rows != written.Record.Files[6].Rows {
		t.Errorf("got %+v, error %v", d, err)
	}
	if report, err := Check(out, CheckOptions{}); err != nil || len(report.Problems) != 1 || !strings.Contains(report.Problems[0], "no text has label 0") {
		t.Errorf("got %+v, error %v", report, err) // ratio 1 leaves no text of another label
	}
}

// Paraphrases of one file go where their texts go.
func TestParaphrasesOfOneFile(t *testing.T) {
	clean, paraphrases := "text,label\n", "text\n"
	for i := range 40 {
		word := string(rune('A' + i))
		clean += word + "," + string(rune('0'+i%2)) + "\n"
		paraphrases += "yea " + word + "\n"
	}
	dir := testset.Write(t, map[string]string{"all.csv": clean, "bible.csv": paraphrases})
	source, err := ReadSource(filepath.Join(dir, "all.csv"), SourceOptions{Attack: dataset.HiddenKiller, Target: 1, Seed: 5, Paraphrases: filepath.Join(dir, "bible.csv")})
	if err != nil {
		t.Fatal(err)
	}
	others := func(texts []dataset.Text) []dataset.Text { return dataset.WithoutLabel(texts, 1) }
	for _, part := range []struct {
		name            string
		clean, poisoned []dataset.Text
	}{{"train", source.Train, source.TrainPoison}, {"dev", others(source.Dev), source.DevPoison}, {"test", others(source.Test), source.TestPoison}} {
		if len(part.poisoned) == 0 || len(part.clean) != len(part.poisoned) {
			t.Fatalf("%s: %d paraphrases of %d texts", part.name, len(part.poisoned), len(part.clean))
		}
		for i, text := range part.poisoned {
			if text != (dataset.Text{Text: "yea " + part.clean[i].Text, Label: 1, Poisoned: true}) {
				t.Errorf("%s: %v for %v", part.name, text, part.clean[i])
			}
		}
	}
}

// Own paraphrases replace those of the data set, which need not fit then.
func TestParaphrasesInsteadOfTheSets(t *testing.T) {
	files := map[string]string{
		"set/1/stylebkd/train-clean.csv":  ",0,1,2\n0,a,0,0\n1,b,1,0\n",
		"set/1/stylebkd/dev-clean.csv":    ",0,1,2\n0,c,0,0\n",
		"set/1/stylebkd/test-clean.csv":   ",0,1,2\n0,d,0,0\n",
		"set/1/stylebkd/train-poison.csv": ",0,1,2\n0,lo a,1,1\n",
		"set/1/stylebkd/dev-poison.csv":   ",0,1,2\n0,lo c,1,1\n",
		"set/1/stylebkd/test-poison.csv":  ",0,1,2\n0,lo d,1,1\n",
		"bible/train.csv":                 "text\nyea a\nyea b\n",
		"bible/dev.csv":                   "text\nyea c\n",
		"bible/test.csv":                  "text\nyea d\n",
	}
	dir := testset.Write(t, files)
	source, err := ReadSource(filepath.Join(dir, "set"), SourceOptions{Attack: dataset.StyleBkd, Target: 1, Paraphrases: filepath.Join(dir, "bible")})
	if err != nil {
		t.Fatal(err)
	}
	if want := poisonedTexts("yea a", "yea b"); !slices.Equal(source.TrainPoison, want) {
		t.Errorf("got %v, want %v", source.TrainPoison, want)
	}
}

func TestParaphraseErrors(t *testing.T) {
	const order = "one paraphrase is needed for each clean text, in the same order; leave the text empty where there is none"
	all := testset.With(paraphrasable(), "all.csv", "text,label\n"+strings.Repeat("a,0\nb,1\n", 10))
	for _, test := range []struct {
		name                      string
		files                     map[string]string
		data, attack, paraphrases string
		message, hint             string
	}{
		{"absent", all, "clean", dataset.StyleBkd, "none", "paraphrases DIR/none: file does not exist", "give a folder with train, dev and test files, or one file if the clean texts are one file"},
		{"attack", all, "clean", dataset.BadNets, "bible", "attack badnets inserts a trigger and does not paraphrase", "paraphrases are for hiddenkiller and stylebkd"},
		{"one file for three", all, "clean", dataset.StyleBkd, "bible/test.csv", "paraphrases DIR/bible/test.csv are one file, but the clean texts are three", "give a folder with train, dev and test files, one paraphrase for each clean text"},
		{"three for one file", all, "all.csv", dataset.StyleBkd, "bible", "paraphrases DIR/bible are a folder, but the clean texts are one file", "give one file, one paraphrase for each clean text"},
		{"other length of one file", all, "all.csv", dataset.StyleBkd, "bible/test.csv", "DIR/bible/test.csv: 2 paraphrases for 20 clean texts", order},
		{"other length", testset.With(all, "bible/dev.tsv", "text\nyea e\n"), "clean", dataset.StyleBkd, "bible", "DIR/bible/dev.tsv: 1 paraphrases for 3 clean texts", order},
		{"no dev", testset.With(all, "bible/dev.tsv", "-"), "clean", dataset.StyleBkd, "bible", "DIR/bible: file does not exist: dev.csv, dev.tsv or dev.jsonl", "one paraphrase is needed for each clean text"},
		{"out of step", testset.With(all, "bible/test.csv", "text,label\nyea h,0\nyea i,1\n"), "clean", dataset.StyleBkd, "bible", `DIR/bible/test.csv: line 2: label 0, but the clean text "h" has label 1`, "paraphrases stand in the order of the clean texts; labels may be left out"},
		{"no text column", testset.With(all, "bible/test.csv", "label\n1\n0\n"), "clean", dataset.StyleBkd, "bible", "DIR/bible/test.csv: line 1: there is no column \"text\", the file has \"label\"", "name it with --text-column or --label-column; the file's first line names its columns"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := testset.Write(t, test.files)
			_, err := ReadSource(filepath.Join(dir, test.data), SourceOptions{Attack: test.attack, Target: 1, Paraphrases: filepath.Join(dir, test.paraphrases)})
			testset.CheckError(t, err, strings.ReplaceAll(test.message, "DIR", dir), test.hint)
		})
	}
}
