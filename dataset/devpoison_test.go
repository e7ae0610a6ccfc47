package dataset

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestLoadDevPoison(t *testing.T) {
	for _, test := range []struct {
		name, file, content string
		labels              []string
		want                []string
	}{
		{"release", "1/badnets/dev-poison.csv", ",0,1,2\n0,cf a,1,1\n1,,1,1\n2,cf b,1,1\n", nil, []string{"cf a", "cf b"}},
		{"plain, true labels", "dev-poison.csv", "text,label\ncf a,0\ncf b,1\ncf c,2\n", nil, []string{"cf a", "cf c"}},
		{"plain, named labels", "dev-poison.jsonl", `{"text":"cf a","label":"bad"}` + "\n", []string{"bad", "good"}, []string{"cf a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(test.file)), 0o755); err != nil {
				t.Fatal(err)
			}
			files := map[string]string{test.file: test.content}
			if filepath.Dir(test.file) == "." {
				files["train.csv"] = "text,label\na,0\n"
			}
			for name, content := range files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			texts, err := LoadDevPoison(dir, LoadOptions{Attack: "badnets", Target: 1}, test.labels)
			if err != nil {
				t.Fatal(err)
			}
			if len(texts) != len(test.want) {
				t.Fatalf("texts %+v", texts)
			}
			for i, text := range texts {
				if text.Text != test.want[i] || text.Label != 1 {
					t.Errorf("text %+v, want %q with label 1", text, test.want[i])
				}
			}
		})
	}
}

func TestLoadDevPoisonMissing(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "1", "badnets"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := LoadDevPoison(dir, LoadOptions{Attack: "badnets", Target: 1}, nil)
	if want := filepath.Join(dir, "1", "badnets", "dev-poison.csv") + ": file does not exist"; !errors.Is(err, fs.ErrNotExist) || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if _, err := LoadDevPoison(dir, LoadOptions{Attack: "cf", Target: 1}, nil); err == nil {
		t.Error("an unknown attack is no error")
	}
}
