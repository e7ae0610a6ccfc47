package visible

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestLine(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"plain", "a film so bad", "a film so bad"},
		{"lines", "a\r\n\tb\n", "a   b "},
		{"accents and scripts", "naïve Straße 日本語 שלום", "naïve Straße 日本語 שלום"},
		{"emoji of several characters", "👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈", "👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈"},
		{"Persian keeps what shapes it", "می\u200cخواهم", "می\u200cخواهم"},
		{"Latin has no use for it", "ca\u200cf \u200d", "ca⟨U+200C⟩f ⟨U+200D⟩"},
		{"overrides", "a\u202eb\u2066c\u200ed\u200fe\u061cf\u202ag\u2069", "a⟨U+202E⟩b⟨U+2066⟩c⟨U+200E⟩d⟨U+200F⟩e⟨U+061C⟩f⟨U+202A⟩g⟨U+2069⟩"},
		{"no width", "c\u200bf\ufeff\u00ad\u2060", "c⟨U+200B⟩f⟨U+FEFF⟩⟨U+00AD⟩⟨U+2060⟩"},
		{"separators", "a\u2028b\u2029", "a⟨U+2028⟩b⟨U+2029⟩"},
		{"blank letters", "\u3164\u115f\u2800\u17b4\u034f", "⟨U+3164⟩⟨U+115F⟩⟨U+2800⟩⟨U+17B4⟩⟨U+034F⟩"},
		{"tags", "\U000E0063\U000E0066", "⟨U+E0063⟩⟨U+E0066⟩"},
		{"a message in variation selectors", "☺️\ufe01\U000E0101 a\ufe0f", "☺️⟨U+FE01⟩⟨U+E0101⟩ a⟨U+FE0F⟩"},
		{"private use", "\ue000\U000F0000", "⟨U+E000⟩⟨U+F0000⟩"},
		{"control", "\x00\x07\x1b[31m\u0085\u009b", "⟨U+0000⟩⟨U+0007⟩⟨U+001B⟩[31m⟨U+0085⟩⟨U+009B⟩"},
		{"no characters", "\ufffe\uffff\ufdd0\U0001FFFE", "⟨U+FFFE⟩⟨U+FFFF⟩⟨U+FDD0⟩⟨U+1FFFE⟩"},
		{"no UTF-8", "a\xff\xfeb\xe2\x80", "a⟨0xFF⟩⟨0xFE⟩b⟨0xE2⟩⟨0x80⟩"},
		{"the sign of a replaced character", "\ufffd", "\ufffd"},
		{"Arabic sign of a year, which shows", "\u0601", "\u0601"},
	} {
		if got := Line(test.text); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestLines(t *testing.T) {
	for text, want := range map[string]string{
		"one":                     "one",
		"first\nsecond\n":         "first\n  second",
		"a\x1b[2J\nhint: trust\t": "a⟨U+001B⟩[2J\n  hint: trust ",
		"back\rover":              "back⟨U+000D⟩over",
	} {
		if got := Lines(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestCell(t *testing.T) {
	for text, want := range map[string]string{
		"a fine film, really":    "a fine film, really",
		`=HYPERLINK("http://x")`: `'=HYPERLINK("http://x")`,
		"+1":                     "'+1",
		"- but":                  "'- but",
		"@SUM(A1)":               "'@SUM(A1)",
		"\t=1":                   "'⟨U+0009⟩=1",
		"\r=1":                   "'⟨U+000D⟩=1",
		"'tis":                   "''tis",
		"a = b":                  "a = b",
		"\x1b[2J":                "⟨U+001B⟩[2J",
		"two\nlines":             "two⟨U+000A⟩lines",
		"a\u202eb\u200bc\ufeff":  "a⟨U+202E⟩b⟨U+200B⟩c⟨U+FEFF⟩",
		"naïve 電影":               "naïve 電影",
		"\xff":                   "⟨0xFF⟩",
		"":                       "",
	} {
		if got := Cell(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestMarkdown(t *testing.T) {
	for text, want := range map[string]string{
		"a fine film":   "a fine film",
		"*a* _b_ ~~c~~": `\*a\* \_b\_ \~\~c\~\~`,
		"[a](b) <http://c> http://d www.e WWW.f g@h": `\[a\](b) \<http\://c\> http\://d www\.e WWW\.f g<span>@</span>h`,
		"&lt;":          `\&lt;`,
		`\*`:            `\\\*`,
		"- a":           `\- a`,
		"12. a":         `12\. a`,
		"12 a - b 1. c": "12 a - b 1. c",
		"---":           `\---`,
		"# a":           `\# a`,
		"Only 40 trusted texts were given (96 are usual).": "Only 40 trusted texts were given (96 are usual).",
		"**b** [l](u) <i> |":  `\*\*b\*\* \[l\](u) \<i\> &#124;`,
		"1. a":                `1\. a`,
		"www.x https://y a@b": `www\.x https\://y a<span>@</span>b`,
		"a\nb\u202e":          "a b⟨U+202E⟩",
	} {
		if got := Markdown(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestJSON(t *testing.T) {
	for _, text := range []string{"a fine film", "a\u202eb\u009b[2J", "\U000E0063 ☺️\ufe01", "naïve 電影 \x1b\x00\x7f\n", "\\u202e \\", "می\u200cخواهم"} {
		encoded, err := json.Marshal(map[string]string{text: text})
		if err != nil {
			t.Fatal(err)
		}
		shown := JSON(encoded)
		var back map[string]string
		if err := json.Unmarshal(shown, &back); err != nil || back[text] != text {
			t.Errorf("%q is shown as %s, which is %q: %v", text, shown, back, err)
		}
		if line := Line(string(shown)); line != string(shown) {
			t.Errorf("%q is shown as %q, in which %q hides", text, shown, line)
		}
	}
	if shown := string(JSON([]byte("[\"\u202e\",\n \"\U000E0063\"]"))); shown != "[\"\\u202e\",\n \"\\udb40\\udc63\"]" {
		t.Errorf("got %s", shown)
	}
}

// FuzzVisible: what is shown is valid, has nothing that acts, and is shown as it is when shown again.
func FuzzVisible(f *testing.F) {
	f.Add("=1\u202e\x00\xff")
	f.Add("👩‍👩‍👧‍👦\ufe0f\ufe01")
	f.Fuzz(func(t *testing.T, text string) {
		for name, form := range map[string]func(string) string{"line": Line, "lines": Lines, "cell": Cell} {
			shown := form(text)
			if !utf8.ValidString(shown) || strings.ContainsAny(shown, "\x00\x1b\r\t\u009b\u202e\u2028") || Line(shown) != strings.ReplaceAll(shown, "\n", " ") {
				t.Errorf("%s: %q is shown as %q", name, text, shown)
			}
		}
		if shown := Cell(text); shown != "" && strings.ContainsRune("=+-@", rune(shown[0])) || strings.Contains(shown, "\n") {
			t.Errorf("%q becomes the cell %q", text, shown)
		}
		if shown := Line(text); strings.Contains(shown, "\n") {
			t.Errorf("%q becomes the line %q", text, shown)
		}
	})
}
