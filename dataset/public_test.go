package dataset

import (
	"strings"
	"testing"
)

// Data sets that many people download have few shapes. Each is read as its makers meant it, or the error says what to give. The rows
// are made here: they have the columns, delimiters, quotes and encodings of the files, and none of their texts.
func TestPublicFiles(t *testing.T) {
	const n = 60
	for _, test := range []struct {
		name, file, content string
		reading             Reading
		text, label         string // of the first of n rows
		understood          string // or the begin of the error
	}{
		{
			name: "SMS spam, CSV", file: "spam.csv", content: "v1,v2,,,\r\n" + repeat(n, "%s,\"Only \xa3%d, \"\"now\"\"\",,,\r", "ham", "spam"),
			text: `Only £0, "now"`, label: "ham", understood: `comma-separated, fields may be quoted, header, windows-1252; text: "v2", label: "v1"`,
		},
		{
			name: "SMS spam, original", file: "SMSSpamCollection", content: repeat(n, "%s he said \"wait what %d", "ham\tSo", "spam\tSo, well,"),
			text: `So he said "wait what 0`, label: "ham", understood: "tab-separated, quotes are plain characters, no header, utf-8; text: column 2, label: column 1",
		},
		{
			name: "hate speech and offensive language", file: "labeled_data.csv",
			content: ",count,hate_speech,offensive_language,neither,class,tweet\n" + repeat(n, "%d,3,0,0,3,%s,\"!!! RT @some: \"\"as %d\"\" &#8220;\"", "2", "1"),
			text:    `!!! RT @some: "as 0" &#8220;`, label: "2", understood: `comma-separated, fields may be quoted, header, utf-8; text: "tweet", label: "class"`,
		},
		{
			name: "banking77", file: "train.csv", content: "text,category\n" + repeat(n, "\"Where is card %d, please?\n\nIt is late.\",%s", "card_arrival", "lost_card"),
			text: "Where is card 0, please?\n\nIt is late.", label: "card_arrival", understood: `comma-separated, fields may be quoted, header, utf-8; text: "text", label: "category"`,
		},
		{
			name: "GoEmotions, TSV", file: "train.tsv", content: repeat(n, "My favourite \"food %d is this\t%s\teebb%dqj", "27", "2", "2,27"),
			text: `My favourite "food 0 is this`, label: "27", understood: "tab-separated, quotes are plain characters, no header, utf-8; text: column 1, label: column 2",
		},
		{
			name: "GoEmotions, a column for each emotion", file: "goemotions_1.csv",
			content:    "text,id,author,subreddit,rater_id,admiration,amusement,anger\n" + repeat(n, "That game %d hurt.,eew%dj0,Some%d,nrl,%d,0,%s,%s", "0", "1"),
			understood: `goemotions_1.csv: line 1: cannot tell which column is the label: row 1 has 1 "text", 2 "id"`,
		},
		{
			name: "AG News, original", file: "train.csv", content: repeat(n, `"%s","Markets rise %d","Reuters - Markets rose, said #36;%d, a \$second time in a long week."`, "3", "4"),
			text: `Reuters - Markets rose, said #36;0, a \$second time in a long week.`, label: "3", understood: "comma-separated, fields may be quoted, no header, utf-8; text: column 3, label: column 1",
		},
		{
			name: "SST-2", file: "train.tsv", content: "sentence\tlabel\n" + repeat(n, "hide `` new \" secretions from unit %d \t%s", "0", "1"),
			text: "hide `` new \" secretions from unit 0 ", label: "0", understood: `tab-separated, quotes are plain characters, header, utf-8; text: "sentence", label: "label"`,
		},
		{
			name: "SST, phrases of reviews", file: "train.tsv", content: "PhraseId\tSentenceId\tPhrase\tSentiment\n" + repeat(n, "%d\t1\tA series of %d escapades\t%s", "1", "2"),
			text: "A series of 0 escapades", label: "1", understood: `tab-separated, fields may be quoted, header, utf-8; text: "Phrase", label: "Sentiment"`,
		},
		{
			name: "SST, trees", file: "train.txt", content: repeat(n, "(%s (2 (2 Rock) (2 %d)) (2 .))", "3", "4"),
			understood: "train.txt: a .txt file has no labels where lines are just texts",
		},
		{
			name: "TREC", file: "train_5500.txt", content: repeat(n, "%s What is the caf\xe9 number %d ?", "DESC:manner", "ENTY:cremat"),
			text: "What is the café number 0 ?", label: "DESC:manner", understood: "label, space, text, windows-1252",
		},
		{
			name: "TREC under its own extension", file: "train_5500.label", content: repeat(n, "%s What is %d ?", "DESC:manner", "ENTY:cremat"),
			understood: "train_5500.label: unknown kind of file",
		},
		{
			name: "GermEval 2018, two labels", file: "germeval2018.training.txt", content: repeat(n, "@Wer Für \"wen %d?\t%s\tOTHER", "OTHER", "OFFENSE"),
			reading: Reading{Text: "1", Label: "2"}, text: `@Wer Für "wen 0?`, label: "OTHER",
			understood: "tab-separated, quotes are plain characters, no header, utf-8; text: column 1, label: column 2",
		},
		{
			name: "GermEval 2018, two labels, not told which", file: "germeval2018.training.txt",
			content:    repeat(n/2, "@Wer Für wen %d?\t%s", "OTHER\tOTHER", "OFFENSE\tINSULT", "OFFENSE\tABUSE"),
			understood: "germeval2018.training.txt: line 1: cannot tell which column is the label: row 1 has 1 ",
		},
		{
			name: "GermEval with ids", file: "dev.tsv", content: repeat(n, "http://example.org/%d\tDie Bahn kommt %d Minuten zu spät, sagt man heute\ttrue\t%s", "negative", "neutral"),
			text: "Die Bahn kommt 0 Minuten zu spät, sagt man heute", label: "negative", understood: "tab-separated, fields may be quoted, no header, utf-8; text: column 2, label: column 4",
		},
		{
			name: "ASTD", file: "Tweets.txt", content: repeat(n, "بعد استقالة %d\t%s", "OBJ", "NEG", "POS"),
			text: "بعد استقالة 0", label: "OBJ", understood: "tab-separated, fields may be quoted, no header, utf-8; text: column 1, label: column 2",
		},
		{
			name: "ChnSentiCorp, CSV", file: "ChnSentiCorp_htl_all.csv", content: "\ufefflabel,review\n" + repeat(n, "%s,\"距离川沙公路较近,如果是%d\"", "1", "0"),
			text: "距离川沙公路较近,如果是0", label: "1", understood: `comma-separated, fields may be quoted, header, utf-8; text: "review", label: "label"`,
		},
		{
			name: "ChnSentiCorp, TSV", file: "dev.tsv", content: "qid\tlabel\ttext_a\n" + repeat(n, "%d\t%s\t这间酒店环境%d", "1", "0"),
			text: "这间酒店环境0", label: "1", understood: `tab-separated, fields may be quoted, header, utf-8; text: "text_a", label: "label"`,
		},
		{
			name: "financial phrases", file: "Sentences_AllAgree.txt", content: repeat(n, "In \xc4\xe4nekoski, profit rose; mail to a@b, by EUR %d .@%s\r", "positive", "neutral", "negative"),
			text: "In Äänekoski, profit rose; mail to a@b, by EUR 0 .", label: "positive", understood: "text@label, windows-1252",
		},
		{
			name: "airline tweets", file: "Tweets.csv",
			content: "tweet_id,airline_sentiment,airline_sentiment_confidence,negativereason,negativereason_confidence,airline,airline_sentiment_gold,name," +
				"negativereason_gold,retweet_count,text,tweet_coord,tweet_created,tweet_location,user_timezone\n" +
				repeat(n, `%d,%s,0.34,Bad Flight,0.7,United,,joe,,0,"@united late, %d",,2015-02-24 11:35:52 -0800,,Pacific Time`, "negative", "neutral"),
			text: "@united late, 0", label: "negative", understood: `comma-separated, fields may be quoted, header, utf-8; text: "text", label: "airline_sentiment"`,
		},
		{
			name: "YouTube spam", file: "Youtube01-Psy.csv", content: "COMMENT_ID,AUTHOR,DATE,CONTENT,CLASS\n" + repeat(n, "LZQ%d,Julius,2013-11-07T06:20:48,\"Huh, anyway %d\ufeff\",%s", "1", "0"),
			text: "Huh, anyway 0\ufeff", label: "1", understood: `comma-separated, fields may be quoted, header, utf-8; text: "CONTENT", label: "CLASS"`,
		},
		{
			name: "LIAR", file: "train.tsv", content: repeat(n, "%d.json\t%s\tSays the \"list supports %d things, and much more.\ttaxes\tsome-one\tState rep\tTexas\tnone\t0\t1\t0\t0\t0\ta mailer", "false", "half-true"),
			text: `Says the "list supports 0 things, and much more.`, label: "false", understood: "tab-separated, quotes are plain characters, no header, utf-8; text: column 3, label: column 2",
		},
		{
			name: "OLID", file: "olid-training-v1.0.tsv", content: "id\ttweet\tsubtask_a\tsubtask_b\tsubtask_c\n" + repeat(n, "%d\t@USER She \"should %d\t%s\tUNT\tNULL", "OFF", "NOT"),
			text: `@USER She "should 0`, label: "OFF", understood: `tab-separated, quotes are plain characters, header, utf-8; text: "tweet", label: "subtask_a"`,
		},
		{
			name: "Yelp, reviews", file: "yelp_academic_dataset_review.json",
			content: repeat(n, `{"review_id":"KU_%d","user_id":"mh%d","business_id":"XQ","stars":%s,"useful":0,"funny":0,"cool":0,"text":"If you\n\nlike it %d","date":"2018-07-07 22:09:11"}`, "3.0", "5.0"),
			text:    "If you\n\nlike it 0", label: "3", understood: `JSON lines, utf-8; text: "text", label: "stars"`,
		},
		{
			name: "Yelp, polarity", file: "train.csv", content: repeat(n, `"%s","Too bad, \n\n""slow"" %d"`, "1", "2"),
			text: `Too bad, \n\n"slow" 0`, label: "1", understood: "comma-separated, fields may be quoted, no header, utf-8; text: column 2, label: column 1",
		},
		{
			name: "Yelp, labelled sentences", file: "yelp_labelled.txt", content: repeat(n, "Wow \"loved it %d%s", ".\t1", ", really, truly.\t0"),
			text: `Wow "loved it 0.`, label: "1", understood: "tab-separated, quotes are plain characters, no header, utf-8; text: column 1, label: column 2",
		},
		{
			name: "Alexa", file: "amazon_alexa.tsv", content: "rating\tdate\tvariation\tverified_reviews\tfeedback\n" + repeat(n, "%s\t31-Jul-18\tBlack Dot\t\"Like \"\"it\"\", %d\"\t1", "5", "1"),
			text: `Like "it", 0`, label: "5", understood: `tab-separated, fields may be quoted, header, utf-8; text: "verified_reviews", label: "rating"`,
		},
		{
			name: "IMDB", file: "IMDB Dataset.csv", content: "review,sentiment\n" + repeat(n, "\"Good.<br /><br />The \"\"cast\"\", %d\",%s", "positive", "negative"),
			text: `Good.<br /><br />The "cast", 0`, label: "positive", understood: `comma-separated, fields may be quoted, header, utf-8; text: "review", label: "sentiment"`,
		},
		{
			name: "Sentiment140", file: "training.1600000.processed.noemoticon.csv",
			content: repeat(n, "\"%s\",\"1467810%d\",\"Mon Apr 06 22:19:45 PDT 2009\",\"NO_QUERY\",\"some%d\",\"@one http://example.org - Aw\xbf, that is a bummer %d. \"", "0", "4"),
			text:    "@one http://example.org - Aw¿, that is a bummer 0. ", label: "0", understood: "comma-separated, fields may be quoted, no header, windows-1252; text: column 6, label: column 1",
		},
		{
			name: "Sentiment140, of which the first rows have one label", file: "training.csv",
			content:    repeat(1100, `"%s","1467810%d","Mon Apr 06 22:19:45 PDT 2009","NO_QUERY","some%d","@one http://example.org that is a real bummer %d. "`, "0"),
			understood: "training.csv: line 1: cannot tell which column is the label: row 1 has 1 \"0\"",
		},
		{
			name: "toxic comments", file: "train.csv", content: "id,comment_text,toxic,severe_toxic,obscene\n" + repeat(n, "\"00%df\",\"Why the edits, %d?\",%s,0,%s", "0", "1"),
			understood: "train.csv: line 1: cannot tell which column is the label: row 1 has 1 \"id\", 2 \"comment_text\", 3 \"toxic\"",
		},
		{
			name: "insincere questions", file: "train.csv", content: "qid,question_text,target\n" + repeat(n, "00%d2,How did %d?,%s", "0", "1"),
			text: "How did 0?", label: "0", understood: `comma-separated, fields may be quoted, header, utf-8; text: "question_text", label: "target"`,
		},
		{
			name: "emotions", file: "train.txt", content: repeat(n, "i feel like number %d%s", ";sadness", ", in a way;joy"),
			text: "i feel like number 0", label: "sadness", understood: "semicolon-separated, fields may be quoted, no header, utf-8; text: column 1, label: column 2",
		},
		{
			name: "Amazon reviews for fastText", file: "train.ft.txt", content: repeat(n, "__label__%s Stunning: \"even %d", "2", "1"),
			text: `Stunning: "even 0`, label: "2", understood: "fastText's __label__, utf-8",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			rows, file, err := readAll(test.file, test.content, test.reading)
			switch {
			case err != nil && test.text == "" && strings.HasPrefix(err.Error(), test.understood):
			case err != nil:
				t.Errorf("%v\nwant %s", err, test.understood)
			case len(rows) != n || rows[0].Text != test.text || rows[0].Label != test.label || file.Understood != test.understood:
				t.Errorf("%d rows, the first %+v, want %q, %q; understood\n got %s\nwant %s", len(rows), rows[0], test.text, test.label, file.Understood, test.understood)
			}
		})
	}
}
