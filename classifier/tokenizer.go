package classifier

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"mslora/internal/atomicfile"
	"mslora/internal/hint"
)

const tokenizerFile, tokenizerConfig = "tokenizer.json", "tokenizer_config.json"

// tokenizerFiles are what other programs read of a tokenizer; all but the first may be missing.
var tokenizerFiles = []string{tokenizerFile, tokenizerConfig, "special_tokens_map.json", "vocab.txt"}

// saveTokenizer copies a model's tokenizer. What the model says elsewhere is put in, for programs that read these files alone:
// that texts are cut at longest tokens, and which token, by its id in config.json, fills up a batch.
func saveTokenizer(from, to string, longest int, padding float64) error {
	changes := map[string]func([]byte) ([]byte, error){
		tokenizerFile:   func(data []byte) ([]byte, error) { return withLimits(data, longest, padding) },
		tokenizerConfig: func(data []byte) ([]byte, error) { return withLength(data, longest) },
	}
	for i, name := range tokenizerFiles {
		path := filepath.Join(from, name)
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) && i > 0 {
			continue
		}
		if err != nil {
			return hint.New("the model's folder needs its fast tokenizer", "%w", err)
		}
		if change := changes[name]; change != nil {
			if data, err = change(data); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
		if err := atomicfile.WriteFile(filepath.Join(to, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// withLimits lets a tokenizer.json cut texts at longest tokens and fill up batches to their longest text with the token of an
// id. Without a token of that id batches are not filled up. Everything else is kept.
func withLimits(data []byte, longest int, padding float64) ([]byte, error) {
	var kept map[string]json.RawMessage
	if err := json.Unmarshal(data, &kept); err != nil {
		return nil, err
	}
	settings := map[string]any{}
	for name, value := range kept {
		settings[name] = value
	}
	settings["truncation"] = map[string]any{"direction": "Right", "max_length": longest, "strategy": "LongestFirst", "stride": 0}
	settings["padding"] = nil
	if token, ok := tokenOf(data, padding); ok {
		settings["padding"] = map[string]any{
			"strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": nil,
			"pad_id": padding, "pad_type_id": 0, "pad_token": token,
		}
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false) // tokens such as <s> stay readable
	err := encoder.Encode(settings)
	return out.Bytes(), err
}

// tokenOf gives the token of an id, as config.json holds it, in a tokenizer.json.
func tokenOf(data []byte, id float64) (token string, ok bool) {
	var file struct {
		Model struct {
			Vocabulary map[string]float64 `json:"vocab"`
		} `json:"model"`
		Added []struct {
			ID      float64 `json:"id"`
			Content string  `json:"content"`
		} `json:"added_tokens"`
	}
	// An error means a vocabulary of another form, a list: such models name the token among the added ones.
	_ = json.Unmarshal(data, &file)
	for _, added := range file.Added {
		if added.ID == id {
			return added.Content, true
		}
	}
	for token, place := range file.Model.Vocabulary {
		if place == id {
			return token, true
		}
	}
	return "", false
}

// withLength lets a tokenizer_config.json cut texts at longest tokens, if it would not cut them or later, and lets a tokenizer
// without a padding token pad with the one that ends texts.
func withLength(data []byte, longest int) ([]byte, error) {
	var config map[string]any
	if err := json.Unmarshal(data, &config); err != nil {
		return nil, err
	}
	limit, limited := config["model_max_length"].(float64)
	if pads := config["pad_token"] != nil || config["eos_token"] == nil; pads && limited && limit <= float64(longest) {
		return data, nil
	} else if !pads {
		config["pad_token"] = config["eos_token"]
	}
	if !limited || limit > float64(longest) {
		config["model_max_length"] = longest
	}
	return json.MarshalIndent(config, "", "  ")
}
