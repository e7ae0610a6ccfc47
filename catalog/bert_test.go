package catalog

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mslora/internal/safetensors"
)

const tiny = "testdata/tiny-bert"

// The folder is byte for byte what tools/weights/bert.py writes; tools/tests/test_weights.py compares the same files. The
// hub's file has old names, heads of pretraining and position numbers, the vocabulary has characters that JSON escapes.
func TestWriteBERT(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "model")
	if err := writeBERT(folder, tiny+"/hub/model.safetensors", tiny+"/hub/vocab.txt", 2, true); err != nil {
		t.Fatal(err)
	}
	for _, name := range bertFiles {
		got, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(tiny, "folder", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs\n got %q\nwant %q", name, got, want)
		}
	}
}

func TestWriteBERTWithoutPooler(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "model")
	if err := writeBERT(folder, tiny+"/hub/model.safetensors", tiny+"/hub/vocab.txt", 2, false); err != nil {
		t.Fatal(err)
	}
	file, err := safetensors.Open(filepath.Join(folder, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, name := range file.Names() {
		if strings.HasPrefix(name, "pooler.") || strings.HasPrefix(name, "cls.") || strings.HasPrefix(name, "bert.") {
			t.Errorf("%s was kept", name)
		}
	}
}

func TestWriteBERTErrors(t *testing.T) {
	dir := t.TempDir()
	half := filepath.Join(dir, "half.safetensors")
	if err := safetensors.Write(half, []safetensors.Array{{Name: "embeddings.word_embeddings.weight", DType: "F16", Shape: []int64{1}, Data: make([]byte, 2)}}, nil); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "other.safetensors")
	if err := safetensors.Write(other, []safetensors.Array{safetensors.Float32Array("conv", []int64{1}, []float32{1})}, nil); err != nil {
		t.Fatal(err)
	}
	words := filepath.Join(dir, "words.txt")
	if err := os.WriteFile(words, []byte("[PAD]\n[UNK]\n[CLS]\n[SEP]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ weights, vocabulary, want string }{
		{half, tiny + "/hub/vocab.txt", "is F16, expected F32"},
		{other, tiny + "/hub/vocab.txt", "not those of a BERT"},
		{tiny + "/hub/model.safetensors", words, "the vocabulary has no [MASK]"},
		{words, tiny + "/hub/vocab.txt", "not a valid safetensors file"},
	} {
		folder := filepath.Join(dir, "model")
		if err := writeBERT(folder, test.weights, test.vocabulary, 2, true); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want %q", err, test.want)
		}
		if _, err := os.Stat(folder); err == nil {
			t.Error("a folder was made")
		}
	}
}
