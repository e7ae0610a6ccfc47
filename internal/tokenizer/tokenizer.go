// Package tokenizer turns texts into token ids with a model's own tokenizer.json. It is the only importer
// of daulet/tokenizers and tells the linker where that library lies.
package tokenizer

/*
#cgo LDFLAGS: -L${SRCDIR}/../../.deps/lib
*/
import "C"

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/daulet/tokenizers"

	"mslora/internal/hint"
)

// Tokenizer encodes texts. It is safe for concurrent use.
type Tokenizer struct{ library *tokenizers.Tokenizer }

// Open reads tokenizer.json of a Hugging Face model folder. Its own padding and truncation are switched
// off: batches are packed without padding, and Encode truncates.
func Open(folder string) (*Tokenizer, error) {
	path := filepath.Join(folder, "tokenizer.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var settings map[string]json.RawMessage
	if err := json.Unmarshal(data, &settings); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	settings["padding"], settings["truncation"] = json.RawMessage("null"), json.RawMessage("null")
	if data, err = json.Marshal(settings); err != nil {
		return nil, err
	}
	library, err := tokenizers.FromBytes(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	t := &Tokenizer{library}
	if err := t.check(folder, path); err != nil {
		return nil, errors.Join(err, library.Close())
	}
	return t, nil
}

// check compares the vocabulary with the model's: an id beyond the embedding table would be read from
// somewhere else.
func (t *Tokenizer) check(folder, path string) error {
	data, err := os.ReadFile(filepath.Join(folder, "config.json"))
	if err != nil {
		return err
	}
	var config struct {
		Vocabulary int `json:"vocab_size"`
	}
	if err := json.Unmarshal(data, &config); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(folder, "config.json"), err)
	}
	if size := int(t.library.VocabSize()); size > config.Vocabulary {
		return hint.New("take tokenizer.json and model.safetensors from the same model",
			"%s has %d tokens, the model only %d", path, size, config.Vocabulary)
	}
	return nil
}

// Encode gives the ids of text with the model's special tokens, at most maxTokens of them: a longer text
// loses its end but keeps the closing special token. NUL, after which the library would drop the rest of
// the text, counts as a space.
func (t *Tokenizer) Encode(text string, maxTokens int) []int32 {
	text = strings.ReplaceAll(text, "\x00", " ")
	encoded := t.library.EncodeWithOptions(text, true)
	ids := make([]int32, len(encoded.IDs))
	for i, id := range encoded.IDs {
		ids[i] = int32(id)
	}
	if len(ids) > maxTokens {
		ids[maxTokens-1] = ids[len(ids)-1]
		ids = ids[:maxTokens]
	}
	return ids
}

// Close frees the library's memory.
func (t *Tokenizer) Close() error { return t.library.Close() }
