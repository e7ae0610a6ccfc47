package main

import (
	"math/rand/v2"
	"strings"
)

// pieces are short texts of the kinds on which tokenizers differ.
var pieces = strings.Split("😀|👩‍👩‍👧‍👦 family|🇩🇪🇫🇷|👍🏽 good|☹️|🏳️‍🌈|电影很好看|映画は退屈だった|영화가 재미있다|繁體字與简体字|ｆｕｌｌ\u3000ｗｉｄｔｈ|ｶﾀｶﾅ|"+
	"café|cafe\u0301|naïve Ångström|A\u030angstro\u0308m|ÇA VA|İstanbul ıssız|Straße|ﬁlm|œuvre|Việt Nam|фильм скучный|Η ταινία|سينما جميلة|סרט משעמם|"+
	"फ़िल्म अच्छी है|ภาพยนตร์ดี|don't|it’s|“quoted”|e-mail@example.org|https://example.org/a?b=c&d=%20|<br/>bold|1,234.5|10⁻³|$5|a_b|...|!?|—|"+
	"tab\tnew\nline|two  spaces|zero\u200bwidth|soft\u00adhyphen|no\u00a0break|.| |\u200b|"+strings.Repeat("x", 120), "|")

var words = strings.Fields("the a film story plot acting cast script score ending is was not very but and great dull lovely dreadful fair usual")

// text is what a client is asked.
type text struct {
	content string
	long    bool // longer than the 512 tokens that most models read
}

// makeTexts gives 200 texts, the same each time. The first and the last ones are long, one has 5,000 words.
func makeTexts() []text {
	random := rand.New(rand.NewPCG(1, 2))
	mixed := func(n, foreign int) string { // n words, of which foreign in 10 are pieces
		chosen := make([]string, n)
		for i := range chosen {
			from := words
			if random.IntN(10) < foreign {
				from = pieces
			}
			chosen[i] = from[random.IntN(len(from))]
		}
		return strings.Join(chosen, " ")
	}
	texts := []text{{mixed(600, 0), true}}
	for _, piece := range pieces {
		texts = append(texts, text{content: piece})
	}
	for len(texts) < 197 {
		texts = append(texts, text{content: mixed(1+random.IntN(25), 5*random.IntN(2))})
	}
	return append(texts, text{mixed(900, 5), true}, text{strings.Repeat(pieces[6], 300), true}, text{mixed(5000, 1), true})
}
