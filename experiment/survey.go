package experiment

import (
	"fmt"
	"math"
	"slices"
	"unicode"
	"unicode/utf8"

	"mslora/dataset"
	"mslora/internal/tokenizer"
	"mslora/params"
)

// Survey says how a model reads the texts that a cell trains on. Lengths are in tokens, special tokens included, and end at Limit.
type Survey struct {
	Texts   int `json:"texts"`
	Median  int `json:"median_tokens"`  // half of the texts have no more
	Most    int `json:"p95_tokens"`     // 95 % of the texts have no more
	Longest int `json:"longest_tokens"` // that the model gets to see
	Limit   int `json:"limit_tokens"`   // where texts are cut
	Cut     int `json:"cut_texts"`      // texts with more tokens than Limit
	Tokens  int `json:"tokens"`         // of all texts as they are cut, without special tokens
	Unknown int `json:"unknown_tokens"` // those of them that stand for what the model has no token for
	// Pieces is the number of tokens for each character that is no space; Budget is the number from which on the model knows no
	// words of the language. Both are those of the beginnings of some texts; 0 if these have no characters.
	Pieces float64 `json:"tokens_per_character"`
	Budget float64 `json:"most_tokens_per_character"`
}

// What is said of a survey: from these shares on, and from these numbers of tokens for a character on. English and German have
// 0.2 to 0.5 tokens a character with BERT's, GPT-2's and Llama 2's tokenizers, hasty English messages up to 0.65. An alphabet that
// a tokenizer knows no words of has 0.9 and more. Han and kana have a token for each character where a model knows them, and 1.3 and
// more bytes where it does not (docs/train.md).
const (
	muchUnknown      = 0.05 // of the tokens
	manyCut          = 0.01 // of the texts
	alphabetBudget   = 0.8
	ideographsBudget = 1.15
)

// The texts, and the characters of each, that Survey.Pieces is measured on: the first ones.
const (
	pieceTexts      = 1000
	pieceCharacters = 300
)

// Survey tokenises the texts that the cell trains on, which it then need not do again.
func (p *Plan) Survey(cell Cell) (Survey, error) {
	data, err := p.dataset(cell)
	if err != nil {
		return Survey{}, err
	}
	reader := p.models[cell.ModelFolder].tokenizer
	s := Survey{Texts: len(data.Train), Limit: cell.Hyperparameters.Int(params.MaxTokens)}
	lengths := make([]int, 0, len(data.Train))
	for _, t := range data.Train {
		e := p.encode(cell, t.Text)
		lengths = append(lengths, len(e.tokens))
		s.Tokens += max(0, len(e.tokens)-reader.Special())
		if e.cut {
			s.Cut++
		}
		for _, token := range e.tokens {
			if token == reader.Unknown() {
				s.Unknown++
			}
		}
	}
	slices.Sort(lengths)
	s.Median, s.Most, s.Longest = quantile(lengths, 0.5), quantile(lengths, 0.95), quantile(lengths, 1)
	s.measurePieces(reader, data.Train[:min(len(data.Train), pieceTexts)])
	return s, nil
}

// quantile gives the smallest of the sorted values that a share of them does not exceed; 0 of none.
func quantile(sorted []int, share float64) int {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max(0, int(math.Ceil(share*float64(len(sorted))))-1)]
}

// measurePieces counts the tokens and the characters of the beginnings of texts.
func (s *Survey) measurePieces(reader *tokenizer.Tokenizer, texts []dataset.Text) {
	tokens, characters, budget := 0, 0, 0.0
	for _, t := range texts {
		begin := []rune(t.Text[:min(len(t.Text), pieceCharacters*utf8.UTFMax)])
		begin = begin[:min(len(begin), pieceCharacters)]
		const room = 8 * pieceCharacters // for a token for each byte, and more
		tokens += max(0, len(reader.Encode(string(begin), room))-reader.Special())
		for _, r := range begin {
			switch {
			case unicode.IsSpace(r):
				continue
			case ideographic(r):
				budget += ideographsBudget
			default:
				budget += alphabetBudget
			}
			characters++
		}
	}
	if characters > 0 {
		s.Pieces, s.Budget = float64(tokens)/float64(characters), budget/float64(characters)
	}
}

// ideographic tells of a character that is commonly a token of its own: Chinese and Japanese have no spaces between words.
func ideographic(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || r >= 0x3000 && r <= 0x303f || r >= 0xff00 && r <= 0xffef
}

// Warnings says in sentences what of the texts the model does not get to read.
func (s Survey) Warnings(model string) (warnings []string) {
	const advice = "; take a --model that was pretrained on their language"
	if share := s.UnknownShare(); share >= muchUnknown {
		warnings = append(warnings, fmt.Sprintf("%.0f %% of the tokens of the texts are unknown to %s, which cannot tell them apart%s", 100*share, model, advice))
	} else if s.Pieces > s.Budget {
		warnings = append(warnings, fmt.Sprintf("%s reads the texts in pieces of a character or less, %.2f tokens for each character (English has about 0.25): it knows few of their words%s",
			model, s.Pieces, advice))
	}
	if share := s.CutShare(); share >= manyCut {
		warnings = append(warnings, fmt.Sprintf("%.0f %% of the texts have more than %d tokens and are cut there; what follows is not read", 100*share, s.Limit))
	}
	return warnings
}

// CutShare is the share of texts that are cut, from 0 to 1.
func (s Survey) CutShare() float64 { return float64(s.Cut) / float64(max(1, s.Texts)) }

// UnknownShare is the share of tokens that stand for what the model has no token for, from 0 to 1.
func (s Survey) UnknownShare() float64 { return float64(s.Unknown) / float64(max(1, s.Tokens)) }
