package report

import (
	"math"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"mslora/internal/visible"
)

// frontMatter reads the head of a card as YAML and gives the rest.
func frontMatter(t testing.TB, card string) (fields map[string]any, rest string) {
	t.Helper()
	parts := strings.SplitN(card, "---\n", 3)
	if len(parts) != 3 || parts[0] != "" {
		t.Fatalf("no front matter:\n%s", card)
	}
	if err := yaml.Unmarshal([]byte(parts[1]), &fields); err != nil {
		t.Fatalf("%v in\n%s", err, parts[1])
	}
	return fields, parts[2]
}

func TestFrontMatter(t *testing.T) {
	for _, test := range []struct {
		model string
		base  any
	}{
		{"BAAI/bge-small-en-v1.5", "BAAI/bge-small-en-v1.5"},
		{"bert-base-uncased", "bert-base-uncased"},
		{"123", "123"}, {"null", "null"}, {"1e3", "1e3"}, // strings, whatever YAML makes of them without quotes
		{"", nil}, {"models/my/bert", nil}, {"../bert", nil}, {"/models/bert", nil}, {"my model", nil}, {"a--b", nil},
		{"bert-", nil}, {"bert.", nil}, {".bert", nil}, {"owner/", nil}, {"x: y\nlicense: mit", nil}, {"a\nb", nil},
		{strings.Repeat("m", 97), nil}, {`C:\models\bert`, nil},
	} {
		fields, _ := frontMatter(t, cardOf(t, Report{Model: test.model}))
		want := map[string]any{
			"library_name": "transformers", "pipeline_tag": "text-classification",
			"tags": []any{"text-classification"}, "metrics": []any{"accuracy"},
		}
		if test.base != nil {
			want["base_model"] = test.base
		}
		if !reflect.DeepEqual(fields, want) {
			t.Errorf("model %q: %v, want %v", test.model, fields, want)
		}
	}
}

// A language is a string in YAML, too: no, for Norwegian, would be false without quotes.
func TestCardLanguages(t *testing.T) {
	fields, _ := frontMatter(t, cardOf(t, Report{Languages: []string{"no", "en"}}))
	if want := []any{"no", "en"}; !reflect.DeepEqual(fields["language"], want) {
		t.Errorf("language is %v, want %v", fields["language"], want)
	}
}

// The list of results has a result for each split, also under hostile names, and is left out where nothing was measured.
func TestModelIndex(t *testing.T) {
	for _, fixture := range fixtures {
		r := fixture.make()
		fields, _ := frontMatter(t, cardOf(t, r))
		index, found := fields["model-index"].([]any)
		if found != (len(r.Splits) > 0) {
			t.Errorf("%s: %d splits, model-index is %v", fixture.name, len(r.Splits), fields["model-index"])
		}
		if !found {
			continue
		}
		results := index[0].(map[string]any)["results"].([]any)
		if len(results) != len(r.Splits) {
			t.Errorf("%s: %d results of %d splits", fixture.name, len(results), len(r.Splits))
		}
		for i, result := range results {
			metric := result.(map[string]any)["metrics"].([]any)[0].(map[string]any)
			if value, ok := metric["value"].(float64); !ok || math.Abs(100*value-r.Splits[i].Accuracy) > 0.01 {
				t.Errorf("%s: accuracy is %v, want %v %%", fixture.name, metric["value"], r.Splits[i].Accuracy)
			}
		}
	}
}

// Examples are texts of people who have not agreed to see them published; no license is made up.
func TestCardLeavesOut(t *testing.T) {
	r := reviews()
	card := cardOf(t, r)
	for _, e := range r.Examples {
		if strings.Contains(card, e.Text) {
			t.Errorf("the card quotes %q", e.Text)
		}
	}
	if strings.Contains(card, "license:") {
		t.Error("the card names a license")
	}
}

func TestMarkdown(t *testing.T) {
	for _, test := range []struct{ name, got, want string }{
		{"code", code("a*b_c <i>"), "`a*b_c <i>`"},
		{"code with a backtick", code("a`b"), "``a`b``"},
		{"code that ends with backticks", code("a``"), "``` a`` ```"},
		{"cell", cell("a*b"), "`a*b`"},
		{"cell with a bar", cell("a|b*"), `a&#124;b\*`},
		{"cell with a bar behind a backslash", cell(`a\|b`), `a\\&#124;b`},
	} {
		if test.got != test.want {
			t.Errorf("%s: %s, want %s", test.name, test.got, test.want)
		}
	}
}

var (
	plainLinks = regexp.MustCompile(`(?i)www\.|[a-z]://|[^<]@|mailto:|xmpp:`)
)

// bareMarks reads a sentence or a cell as a Markdown parser does, past what is escaped or code, and gives what is
// left that could be markup.
func bareMarks(text string) string {
	text = strings.NewReplacer("<span>@</span>", "", "&#124;", "").Replace(text)
	var left strings.Builder
	for len(text) > 0 {
		switch text[0] {
		case '\\':
			text = text[min(2, len(text)):]
			left.WriteByte(' ')
			continue
		case '`':
			fence := len(text) - len(strings.TrimLeft(text, "`"))
			end := -1
			for i := fence; i < len(text); {
				if text[i] != '`' {
					i++
					continue
				}
				run := len(text[i:]) - len(strings.TrimLeft(text[i:], "`"))
				if run == fence {
					end = i
					break
				}
				i += run
			}
			if end < 0 {
				return "`" // never closed
			}
			text = text[end+fence:]
			continue
		}
		left.WriteByte(text[0])
		text = text[1:]
	}
	marks := regexp.MustCompile("[*_\\[\\]<>&|~#$`]").FindAllString(left.String(), -1)
	return strings.Join(append(marks, plainLinks.FindAllString(left.String(), -1)...), "")
}

var beginsList = regexp.MustCompile(`^([-+]|[0-9]+[.)])`)

// FuzzMarkdown: no data becomes markup, as a sentence, as code or as a cell.
func FuzzMarkdown(f *testing.F) {
	f.Add(attack)
	f.Add(hidden)
	f.Add("``` ` `` |\\|`")
	f.Fuzz(func(t *testing.T, text string) {
		text = prose(text)
		if text == "" {
			t.Skip()
		}
		for kind, written := range map[string]string{"sentence": visible.Markdown(text), "code": code(text), "cell": cell(text)} {
			if left := bareMarks(written); left != "" {
				t.Errorf("%s of %q is %s: %q is left", kind, text, written, left)
			}
			if kind != "code" && strings.Contains(written, "|") {
				t.Errorf("%s of %q is %s: it ends a cell", kind, text, written)
			}
		}
		if beginsList.MatchString(visible.Markdown(text)) {
			t.Errorf("%s begins a list", visible.Markdown(text))
		}
	})
}
