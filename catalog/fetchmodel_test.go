package catalog

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mslora/internal/download"
	"mslora/internal/hint"
	"mslora/internal/ownfolder"
)

// hub serves the files of a repository org/model at revision abc.
func hub(t *testing.T, files map[string]string) *site {
	content := map[string][]byte{}
	for name, text := range files {
		content["org/model/resolve/abc/"+name] = []byte(text)
	}
	return serve(t, content)
}

var plain = Model{Name: "plain", Repository: "org/model", Revision: "abc"}

func TestFetchHubModel(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
	}{
		{"one file", map[string]string{"config.json": "{}", "tokenizer.json": "{}", "model.safetensors": "weights"}},
		{"shards", map[string]string{
			"config.json": "{}", "tokenizer.json": "{}", "model.safetensors.index.json": `{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors", "c": "model-1.safetensors"}}`,
			"model-1.safetensors": "first", "model-2.safetensors": "second",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := hub(t, test.files)
			folder := filepath.Join(t.TempDir(), "model")
			done, err := plain.fetch(t.Context(), folder, s.options())
			if err != nil || !done {
				t.Fatalf("%v, error %v", done, err)
			}
			entries, err := os.ReadDir(folder)
			if err != nil || len(entries) != len(test.files)+1 { // and the marker
				t.Errorf("got %v, error %v", entries, err)
			}
			for name, want := range test.files {
				if got, err := os.ReadFile(filepath.Join(folder, name)); err != nil || string(got) != want {
					t.Errorf("%s: %q, error %v", name, got, err)
				}
			}
			if _, err := os.Stat(stageOf(folder)); err == nil {
				t.Error("the stage is still there")
			}
			if done, err := plain.fetch(t.Context(), folder, FetchOptions{Offline: true}); err != nil || done {
				t.Errorf("the second time: %v, error %v", done, err)
			}
			for name := range test.files {
				if strings.HasPrefix(name, "model-2") {
					if err := os.Remove(filepath.Join(folder, name)); err != nil {
						t.Fatal(err)
					}
					if _, err := plain.fetch(t.Context(), folder, FetchOptions{Offline: true}); err == nil {
						t.Error("a missing shard is not missed")
					}
				}
			}
		})
	}
}

func TestFetchHubModelErrors(t *testing.T) {
	whole := map[string]string{"config.json": "{}", "tokenizer.json": "{}", "model.safetensors": "weights"}
	without := func(name string, more ...string) map[string]string {
		files := map[string]string{}
		for n, text := range whole {
			if n != name {
				files[n] = text
			}
		}
		for i := 0; i < len(more); i += 2 {
			files[more[i]] = more[i+1]
		}
		return files
	}
	for _, test := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"no tokenizer", without("tokenizer.json"), "tokenizer.json: not found"},
		{"no weights", without("model.safetensors"), "model.safetensors.index.json: not found"},
		{"index without files", without("model.safetensors", "model.safetensors.index.json", "{}"), "weight_map lists no tensor"},
		{"no index", without("model.safetensors", "model.safetensors.index.json", "?"), "invalid character"},
		{"index with paths", without("model.safetensors", "model.safetensors.index.json", `{"weight_map": {"a": "../x.safetensors"}}`), `tensor "a" is in "../x.safetensors", expected a .safetensors file beside the index`},
		{"missing shard", without("model.safetensors", "model.safetensors.index.json", `{"weight_map": {"a": "x.safetensors"}}`), "x.safetensors: not found"},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "model")
			if _, err := plain.fetch(t.Context(), folder, hub(t, test.files).options()); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
				t.Error("a folder was made")
			}
		})
	}
}

// A BERT is written anew, with the bytes that its checksums promise.
func TestFetchBERT(t *testing.T) {
	weights, vocabulary := mustRead(t, tiny+"/hub/model.safetensors"), mustRead(t, tiny+"/hub/vocab.txt")
	s := hub(t, map[string]string{"model.safetensors": string(weights), "vocab.txt": string(vocabulary)})
	golden := filepath.Join(t.TempDir(), "golden")
	if err := writeBERT(golden, tiny+"/hub/model.safetensors", tiny+"/hub/vocab.txt", 12, true); err != nil {
		t.Fatal(err)
	}
	bert := Model{Name: "tiny", Repository: "org/model", Revision: "abc", BERT: &BERT{
		Size: int64(len(weights)), SHA256: sum(weights), Pooler: true, Written: sum(mustRead(t, tiny+"/folder/model.safetensors")),
		Vocabulary: Vocabulary{Bytes: int64(len(vocabulary)), Sum: sum(vocabulary), Tokenizer: sum(mustRead(t, tiny+"/folder/tokenizer.json"))},
	}}
	folder := filepath.Join(t.TempDir(), "tiny")
	s.cut = 10 // of the vocabulary
	if _, err := bert.fetch(t.Context(), folder, s.options()); err == nil || !strings.Contains(err.Error(), "broke off after 10 of") {
		t.Fatalf("error %v", err)
	}
	done, err := bert.fetch(t.Context(), folder, s.options())
	if err != nil || !done || s.requests[1] != "org/model/resolve/abc/vocab.txt bytes=10-" {
		t.Fatalf("%v, error %v, requests %q", done, err, s.requests)
	}
	for _, name := range bertFiles {
		if string(mustRead(t, filepath.Join(folder, name))) != string(mustRead(t, filepath.Join(golden, name))) {
			t.Errorf("%s differs", name)
		}
	}
	if done, err := bert.fetch(t.Context(), folder, FetchOptions{Offline: true}); err != nil || done {
		t.Errorf("the second time: %v, error %v", done, err)
	}
	// What the hub replaced, and what does not become what it should, does not appear.
	for _, change := range []struct {
		edit func(*BERT)
		want string
	}{
		{func(b *BERT) { b.SHA256 = sum(nil) }, "org/model/resolve/abc/model.safetensors: its SHA-256 is"},
		{func(b *BERT) { b.Bytes++ }, "vocab.txt: the server has"},
		{func(b *BERT) { b.Written = sum(nil) }, "model.safetensors: its SHA-256 is"},
		{func(b *BERT) { b.Tokenizer = sum(nil) }, "tokenizer.json: its SHA-256 is"},
	} {
		wrong := bert
		pins := *bert.BERT
		change.edit(&pins)
		wrong.BERT = &pins
		other := filepath.Join(t.TempDir(), "tiny")
		if _, err := wrong.fetch(t.Context(), other, s.options()); err == nil || !strings.Contains(err.Error(), change.want) {
			t.Errorf("error %v, want %q", err, change.want)
		}
		if _, err := os.Stat(other); err == nil {
			t.Error("a folder was made")
		}
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A folder that is there but wrong is replaced only with force, and kept if the download fails.
func TestFetchModelOverAnother(t *testing.T) {
	bert := Models[0]
	folder := filepath.Join(t.TempDir(), bert.Name)
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range bertFiles {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("mine"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := hub(t, nil)
	_, err := FetchModel(t.Context(), bert.Name, folder, s.options())
	var hinted *hint.Error
	if err == nil || !strings.Contains(err.Error(), "model.safetensors: its SHA-256 is") || !errors.As(err, &hinted) || !strings.HasPrefix(hinted.Hint, "--force fetches it again") || len(s.requests) > 0 {
		t.Errorf("error %v", err)
	}
	o := s.options()
	o.Force = true
	for range 2 { // files of a model's names are replaced only in a folder that was fetched
		if _, err := FetchModel(t.Context(), bert.Name, folder, o); !errors.Is(err, ownfolder.ErrForeign) || !strings.HasPrefix(err.Error(), filepath.Join(folder, "config.json")) {
			t.Errorf("error %v", err)
		}
		if err := os.Remove(filepath.Join(folder, "vocab.txt")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	marker, err := json.Marshal(map[string]string{"program": "mslora", "kind": modelFolder.Name})
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, ownfolder.Marker), marker, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := FetchModel(t.Context(), bert.Name, folder, o); !errors.Is(err, download.ErrNotFound) {
		t.Errorf("error %v", err)
	}
	if got := mustRead(t, filepath.Join(folder, "config.json")); string(got) != "mine" {
		t.Errorf("it was replaced by %q", got)
	}
	if _, err := FetchModel(t.Context(), "gpt", folder, o); err == nil || err.Error() != `unknown model "gpt"` {
		t.Errorf("error %v", err)
	}
	o = FetchOptions{Offline: true}
	if _, err := FetchModel(t.Context(), bert.Name, folder+"-none", o); err == nil || err.Error() != folder+"-none: there is no bge-small" {
		t.Errorf("error %v", err)
	}
}

// A fetched model that was damaged is replaced with force, and this is said.
func TestFetchModelAgain(t *testing.T) {
	s := hub(t, map[string]string{"config.json": "{}", "tokenizer.json": "{}", "model.safetensors": "weights"})
	folder := filepath.Join(t.TempDir(), "model")
	if _, err := plain.fetch(t.Context(), folder, s.options()); err != nil {
		t.Fatal(err)
	}
	weights, notes := filepath.Join(folder, "model.safetensors"), filepath.Join(folder, "notes.txt")
	if err := errors.Join(os.Remove(weights), os.WriteFile(notes, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	if _, err := plain.fetch(t.Context(), folder, s.options()); !errors.Is(err, ownfolder.ErrForeign) || !strings.HasPrefix(err.Error(), notes) {
		t.Errorf("error %v", err)
	}
	if err := os.Remove(notes); err != nil {
		t.Fatal(err)
	}
	o := s.options()
	var replaced []string
	o.Replace = func(path string) { replaced = append(replaced, path) }
	if done, err := plain.fetch(t.Context(), folder, o); err != nil || !done || len(replaced) != 1 || replaced[0] != folder {
		t.Errorf("%v, replaced %q, error %v", done, replaced, err)
	}
	if got := mustRead(t, weights); string(got) != "weights" {
		t.Errorf("got %q", got)
	}
}

// The names, revisions and checksums are those of tools/fetch_model.py.
func TestModelsOfTheTool(t *testing.T) {
	tool := string(mustRead(t, "../tools/fetch_model.py"))
	for _, m := range Models {
		if m.BERT == nil {
			continue
		}
		for _, text := range []string{`"` + m.Name + `": Model(`, m.Repository, m.Revision, m.BERT.SHA256, m.BERT.Written, m.BERT.Sum, m.BERT.Tokenizer} {
			if !strings.Contains(tool, text) {
				t.Errorf("%s: tools/fetch_model.py does not have %s", m.Name, text)
			}
		}
	}
}
