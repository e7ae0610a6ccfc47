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

// specials is the number of tokens that frame a text: [CLS] before it and [SEP] after it.
const specials = 2

// Tokenizer encodes texts. It is safe for concurrent use.
type Tokenizer struct{ library *tokenizers.Tokenizer }

// Open reads tokenizer.json of a Hugging Face model folder. Its own padding and truncation are switched
// off: batches are packed without padding, and Encode truncates. The tokenizer must fit the model that
// config.json beside it describes.
func Open(folder string) (*Tokenizer, error) {
	path := filepath.Join(folder, "tokenizer.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, hint.New("save the model's fast tokenizer into the same folder", "%w", err)
	}
	var settings map[string]json.RawMessage
	if err := json.Unmarshal(data, &settings); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if settings == nil { // the file says null
		settings = map[string]json.RawMessage{}
	}
	settings["padding"], settings["truncation"] = json.RawMessage("null"), json.RawMessage("null")
	if data, err = json.Marshal(settings); err != nil {
		return nil, err
	}
	library, err := tokenizers.FromBytes(data)
	if err != nil {
		return nil, hint.New("it must be a tokenizer.json of Hugging Face tokenizers", "%s: %w", path, err)
	}
	t := &Tokenizer{library}
	if err := t.check(folder, path, idsEnd(data)); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// idsEnd gives the number after the largest id in a tokenizer.json, which is more than the number of tokens
// if ids are left out.
func idsEnd(data []byte) int {
	var file struct {
		Model struct {
			Vocabulary map[string]int `json:"vocab"`
		} `json:"model"`
		Added []struct {
			ID int `json:"id"`
		} `json:"added_tokens"`
	}
	// An error means a vocabulary of another form, a list: there the ids are the places.
	_ = json.Unmarshal(data, &file)
	end := 0
	for _, id := range file.Model.Vocabulary {
		end = max(end, id+1)
	}
	for _, token := range file.Added {
		end = max(end, token.ID+1)
	}
	return end
}

// check compares the tokenizer with the model: an id beyond the embedding table has no vector, and a text
// that is not framed has no token to classify it by.
func (t *Tokenizer) check(folder, path string, idsEnd int) error {
	configPath := filepath.Join(folder, "config.json")
	data, err := os.ReadFile(configPath)
	if err != nil {
		return err
	}
	var config struct {
		Vocabulary int `json:"vocab_size"`
	}
	if err := json.Unmarshal(data, &config); err != nil {
		return fmt.Errorf("%s: %w", configPath, err)
	}
	if size := max(idsEnd, int(t.library.VocabSize())); size > config.Vocabulary {
		return hint.New("take tokenizer.json and model.safetensors from the same model",
			"%s has %d tokens, the model only %d (vocab_size in config.json)", path, size, config.Vocabulary)
	}
	if n := len(t.library.EncodeWithOptions("", true).IDs); n != specials {
		return hint.New("its post_processor must frame each text with the model's two special tokens",
			"%s adds %d special tokens to a text, expected [CLS] and [SEP]", path, n)
	}
	return nil
}

// Encode gives the ids of text with the model's special tokens, at most maxTokens of them: a longer text
// loses its end but keeps the closing special token. It panics if maxTokens is less than 2, the number of
// special tokens. NUL, after which the library would drop the rest of the text, counts as a space.
func (t *Tokenizer) Encode(text string, maxTokens int) []int32 {
	text = strings.ReplaceAll(text, "\x00", " ")
	encoded := t.library.EncodeWithOptions(text, true).IDs
	if len(encoded) > maxTokens {
		last := encoded[len(encoded)-1]
		encoded = append(encoded[:maxTokens-1], last)
	}
	if len(encoded) < specials {
		panic(fmt.Sprintf("tokenizer: %d tokens of at most %d, expected [CLS] and [SEP] at least", len(encoded), maxTokens))
	}
	ids := make([]int32, len(encoded))
	for i, id := range encoded {
		ids[i] = int32(id)
	}
	return ids
}

// Close frees the library's memory.
func (t *Tokenizer) Close() error { return t.library.Close() }
