"""Abbreviations of ten European languages, and a way to learn others from text.

A full stop after an abbreviation may end a sentence or not. What decides is of three kinds: a title
stands before a name (Dr. Weiss), another kind before a number (No. 5), and after any other a
sentence begins only with a word that begins sentences and no names (Inc. The).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sestina.errors import OptionError, nearest

WORD = re.compile(r"[^\W\d_]+(?:\.[^\W\d_]+)*\.?")
LEAST_SCORE = 0.3  # of Kiss and Strunk (2006)


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


@dataclass(frozen=True)
class Rules:
    """What the cutter must know of a language; a lower-case entry also stands for a capital one.

    Attributes:
        titles: Abbreviations that never end a sentence.
        numbered: Those that do not before a number.
        others: Those that do only before one of `starters`.
        places: Those of a state or province, which end a sentence before any capital letter when
            they stand after a comma (Dallas, Tex. Rain fell).
        starters: Words that begin many sentences and hardly a name, in lower case.
        dates: Months and weekdays as written after a day or an hour, in lower case.
        heads: Words before an ordinal number written ``3.``; none where they are not written so.
    """

    titles: frozenset[str]
    numbered: frozenset[str]
    others: frozenset[str]
    starters: frozenset[str]
    dates: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()
    heads: frozenset[str] = frozenset()


_ENGLISH = Rules(
    titles=_set(
        "Mr Mrs Ms Messrs Mme Mmes Mlle Dr Drs Prof Profs Rev Hon Gen Lt Col Maj Capt Cmdr Cdr"
        " Adm Sgt Cpl Pvt Brig Sen Sens Rep Reps Gov Govs Pres Supt Atty Msgr Fr Mt Ft Pt Insp Ald"
        " Asst Comdr Pfc Amb Det vs v cf e.g i.e viz"
    ),
    numbered=_set("No Nos vol vols ch chap fig figs eq p pp sec secs art arts rte ver op c ca pt"),
    others=_set(
        "Inc Co Corp Ltd Cos Bros Jr Sr Esq St Ste dept est ave blvd rd bldg apt sq assn assoc"
        " natl intl univ inst mfg dist twp div admin approx al ed eds hr hrs mins lb lbs oz ft yds"
        " Jan Feb Mar Apr Aug Sept Sep Oct Nov Dec Mon Tue Tues Wed Thu Thur Thurs Fri Sat"
    ),
    places=_set(
        "Ala Ariz Ark Calif Cal Colo Conn Del Fla Ga Ill Ind Kan Kans Ky La Md Mass Me Mich Minn"
        " Miss Mo Mont Neb Nebr Nev Okla Ore Pa Penn Tenn Tex Va Vt Wash Wis Wisc Wyo Ont Que B.C"
        " D.C L.I N.C N.D N.H N.J N.M N.Y R.I S.C S.D W.Va"
    ),
    starters=_set(
        "the a an this that these those there here he she it we they i you his her its our their"
        " my your in on at for from with by as after before when while if although though but and"
        " or so yet however then now also other others some many most all both each every no not"
        " only even such what who why how where which whether since until during under over among"
        " about because once one two three four five six seven eight nine ten another last next"
        " still meanwhile thus therefore perhaps to mr mrs miss ms dr more several is are was were"
        " do does did can will would nor neither either despite according never nevertheless"
        " moreover"
    ),
    dates=_set(
        "january february march april may june july august september october november december"
        " monday tuesday wednesday thursday friday saturday sunday"
    ),
)

_FRENCH = Rules(
    titles=_set(
        "M MM Mme Mmes Mlle Mlles Me Dr Pr Mgr St Ste cf vs p.ex c.-à-d c.à.d i.e e.g"
        " av apr bd boul"
    ),
    numbered=_set("no nos n vol chap art fig p pp t tél éd env §"),
    others=_set(
        "hab min max sté cie Cie adj ibid id op cit bur dép dir coll trad ill janv févr avr"
        " juill sept oct nov déc lat ex"
    ),
    starters=_set(
        "le la les l un une des du de d ce cet cette ces c il elle ils elles on nous vous je j tu"
        " son sa ses leur leurs mon ma mes notre votre en à au aux dans par pour sur sous avec"
        " sans chez vers après avant depuis pendant mais et ou où or donc ni car si quand lorsque"
        " comme que qu qui quoi quel quelle puis alors ainsi aussi enfin cependant toutefois"
        " pourtant tout tous toute toutes plusieurs certains aucun chaque ne n se s y selon malgré"
        " même"
    ),
    dates=_set(
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
    ),
)

_GERMAN = Rules(
    titles=_set(
        "Dr Prof Hr Hrn Fr Frl St Dipl Ing Mag z.B d.h u.a i.d.R z.T v.a s.o s.u i.V u.U o.ä d.i"
        " vgl bzw sog sogen ca evtl ggf ggfs inkl exkl zzgl h.c med phil jur rer nat vs"
    ),
    numbered=_set("Nr Nrn S Abs Art Bd Bde Kap Abb Tab Jg Tel geb gest gegr Aufl Lfg Ziff Anm"),
    others=_set(
        "Hrsg Jh Jhd Mio Mrd Std Min Sek Str Pl verh ehem dt engl frz lat ital span russ allg bes"
        " entspr max min Co usf ff Jan Febr Feb Apr Aug Sept Okt Nov Dez v.Chr n.Chr Chr"
    ),
    starters=_set(
        "der die das den dem des ein eine einer einem einen er sie es wir ihr ich du man sein"
        " seine seinen seiner ihre ihren ihrer mein unser dies diese dieser dieses diesem jene"
        " jeder jede in im an am auf aus bei beim mit nach von vom vor zu zum zur für durch gegen"
        " ohne um unter über zwischen seit bis während trotz wegen und oder aber doch denn sondern"
        " wenn als ob weil da dann danach nun so auch nur noch schon hier dort wie was wer wo"
        " warum wann alle viele einige mehrere kein keine nicht daher deshalb jedoch dabei damit"
        " dazu heute gestern später zuerst schließlich außerdem allerdings zwar ist war hat sind"
    ),
    dates=_set(
        "januar jänner februar märz april mai juni juli august september oktober november"
        " dezember jahrhundert jahrhunderts jahrtausend jahrestag geburtstag weltkrieg weltkriegs"
        " platz kapitel auflage klasse tag stock"
    ),
    heads=_set(
        "am der die das dem den des im vom zum zur ab bis seit jeder jeden jedem beim ein eine"
        " einen einem einer montag dienstag mittwoch donnerstag freitag samstag sonntag"
    ),
)

_SPANISH = Rules(
    titles=_set(
        "Sr Sra Srta Sres Sras Dr Dra Dres D Dña Ud Uds Vd Vds Lic Ing Arq Prof Profa Gral Cap"
        " Cnel Sgto Mons Fr Sto Sta p.ej i.e cf vs av avda"
    ),
    numbered=_set("núm núms no nos art arts cap vol pág págs p pp tel fig c aprox"),
    others=_set(
        "EE EE.UU EEUU RR RR.HH FF FF.AA CC CC.OO a.C d.C ss cía Cía ltda dpto máx mín ene"
        " feb mar abr jun jul ago sep sept oct"
        " nov dic trad ed"
    ),
    starters=_set(
        "el la los las lo un una unos unas este esta estos estas ese esa eso esto aquel aquella"
        " él ella ellos ellas yo tú nosotros usted ustedes su sus mi mis nuestro nuestra en a al"
        " de del con sin por para según sobre desde hasta entre tras durante ante bajo pero y e o"
        " u ni si cuando mientras aunque porque como que qué quién quien cuál dónde donde cómo"
        " también así entonces luego después antes ahora ya no se le les me te nos todo todos toda"
        " todas cada muchos algunos otro otra otros otras es era fue hay además sin"
    ),
)

_ITALIAN = Rules(
    titles=_set(
        "sig sigg sig.ra sig.na dott dott.ssa dr prof prof.ssa ing avv arch rag geom on sen Gen"
        " Col Cap mons S SS p.es es cfr cf vs"
    ),
    numbered=_set("n nn art artt cap fig vol pag pagg p pp tel ca"),
    others=_set(
        "a.C d.C sec min max ed trad feb mar apr giu lug ago sett ott nov dic cit ibid F.lli"
    ),
    starters=_set(
        "il lo la i gli le l un uno una questo questa questi queste quello quella egli ella lui"
        " lei loro essi noi voi io tu suo sua suoi sue mio mia nostro in a al alla ai alle di del"
        " della dei delle da dal dalla con su sul sulla per tra fra dopo prima durante secondo"
        " senza ma e ed o né se quando mentre anche così poi allora ora già non si ci che chi cosa"
        " dove come perché quale ogni tutti tutte tutto molti alcuni altri è era sono fu inoltre"
        " tuttavia"
    ),
)

_SWEDISH = Rules(
    titles=_set("dr prof hr fr St t.ex bl.a d.v.s dvs s.k jfr resp fr.o.m t.o.m p.g.a pga f.d ev"),
    numbered=_set("nr nummer kl s sid kap tel ca bd fig st tr mom"),
    others=_set(
        "inkl exkl min sek tim kr tkr milj mdr e.Kr f.Kr Kr jan feb febr apr aug sept sep okt nov"
        " dec f.n ung ang mkt"
    ),
    starters=_set(
        "den det de en ett han hon vi ni jag du man hans hennes dess deras vår min din sin denna"
        " detta dessa i på av till från med utan för om efter före under över mellan hos vid sedan"
        " innan medan när där här då nu så också även men och eller utan samt att som vad vem hur"
        " varför vilken alla många några ingen inte dock därför således enligt är var har"
    ),
    dates=_set(
        "januari februari mars april maj juni juli augusti september oktober november december"
    ),
)

_DUTCH = Rules(
    titles=_set(
        "dhr mevr mw dr drs ir ing mr prof ds St bijv b.v bv d.w.z o.a m.b.t t.a.v i.v.m n.a.v"
        " vgl resp ca zgn evt"
    ),
    numbered=_set("nr nrs blz p pp art hfdst fig tel ong"),
    others=_set("excl incl max min jl jan feb mrt apr aug sept okt nov dec N.V B.V v.Chr n.Chr"),
    starters=_set(
        "de het een deze dit die dat hij zij ze wij we ik jij je u men zijn haar hun ons onze"
        " mijn in op aan van voor met bij na naar uit om over onder door tegen zonder sinds tot"
        " tijdens volgens maar en of want dus als wanneer terwijl toen nu dan daar hier er zo ook"
        " nog wat wie waar waarom hoe alle veel enkele geen niet echter daarom is was heeft"
    ),
)

_PORTUGUESE = Rules(
    titles=_set(
        "Sr Sra Srs Sras Dr Dra Drs Prof Profa Eng D Exmo Exma Ilmo Gen Cel Cap Dep Sen Pe Sto"
        " Sta p.ex cf vs i.e av"
    ),
    numbered=_set("n no núm art arts cap vol pág págs p pp tel fig aprox séc"),
    others=_set(
        "a.C d.C ltda cia Cia jan fev mar abr mai jun jul ago set out nov dez máx mín ed trad"
    ),
    starters=_set(
        "o a os as um uma uns umas este esta estes estas esse essa isso isto aquele aquela ele"
        " ela eles elas eu nós você vocês seu sua seus suas meu minha nosso em no na nos nas de do"
        " da dos das com sem por pelo pela para sobre desde até entre após durante segundo mas e"
        " ou nem se quando enquanto embora porque como que quem qual onde também assim então"
        " depois antes agora já não todos todas cada muitos alguns outro outra é era foi há além"
        " porém"
    ),
)

_DANISH = Rules(
    titles=_set("hr dr prof Skt bl.a f.eks dvs d.v.s pga p.g.a jf jfr evt ca sml s.k f.d"),
    numbered=_set("nr kl s kap tlf bd fig stk afd"),
    others=_set("inkl ekskl kr mio mia min sek jan feb apr aug sept okt nov dec e.Kr f.Kr Kr"),
    starters=_set(
        "den det de en et han hun vi i jeg du man hans hendes dens deres vores min sin denne"
        " dette disse på af til fra med uden for om efter før under over mellem hos ved siden mens"
        " når da der her nu så også men og eller at som hvad hvem hvordan hvorfor hvis alle mange"
        " nogle ingen ikke dog derfor ifølge er var har"
    ),
    heads=_set("den d af fra til det"),
)

_NORWEGIAN = Rules(
    titles=_set("hr dr prof St bl.a f.eks dvs d.v.s pga p.g.a jf jfr evt ca såk f.d"),
    numbered=_set("nr kl s kap tlf bd fig avd"),
    others=_set("inkl ekskl kr mill mrd min sek jan feb apr aug sept okt nov des e.Kr f.Kr Kr"),
    starters=_DANISH.starters | _set("jeg hun av fra uten før mellom etter mens når hva hvem ei"),
    heads=_DANISH.heads,
)

LANGUAGES = {
    "da": _DANISH,
    "de": _GERMAN,
    "en": _ENGLISH,
    "es": _SPANISH,
    "fr": _FRENCH,
    "it": _ITALIAN,
    "nb": _NORWEGIAN,
    "nl": _DUTCH,
    "pt": _PORTUGUESE,
    "sv": _SWEDISH,
}


def rules(language: str) -> Rules:
    """Return the rules of a language by its ISO 639-1 code; a region, as in en-GB, is no matter.

    Raises:
        OptionError: There are none for that language.
    """
    code = language.replace("_", "-").partition("-")[0].lower()
    if code not in LANGUAGES:
        raise OptionError(f"language={language!r} is unknown{nearest(code, LANGUAGES)}")
    return LANGUAGES[code]


def learn_abbreviations(texts: Iterable[str]) -> frozenset[str]:
    """Return words that nearly always have a full stop, as abbreviations do, found in raw text.

    The first stage of Punkt (Kiss and Strunk, Computational Linguistics 32(4), 2006): a likelihood
    ratio asks whether a full stop follows a word by chance, and short words with full stops inside
    score higher. The more text the better: a word seen once or twice scores little.

    Args:
        texts: Running text, cut anywhere but within words.
    """
    with_stop: Counter[str] = Counter()
    without: Counter[str] = Counter()
    for text in texts:
        for token in WORD.findall(text):
            stop = token.endswith(".")
            (with_stop if stop else without)[token.removesuffix(".").lower()] += 1
    total, stops = with_stop.total() + without.total(), with_stop.total()
    found = set()
    for word, count in with_stop.items():
        letters = len(word.replace(".", ""))
        ratio = _log_ratio(count + without[word], count, stops / total)
        # a word that is also seen without a full stop is the less likely, the longer it is
        penalty = float(letters) ** -without[word]
        if ratio * math.exp(-letters) * (word.count(".") + 1) * penalty >= LEAST_SCORE:
            found.add(word)
    return frozenset(found)


def _log_ratio(seen: int, stopped: int, share: float) -> float:
    """Return 2 log of how much likelier `stopped` of `seen` are at 0.99 than at `share`."""
    if not 0.0 < share < 1.0:
        return 0.0
    by_nature = stopped * math.log(0.99) + (seen - stopped) * math.log(0.01)
    by_chance = stopped * math.log(share) + (seen - stopped) * math.log(1 - share)
    return 2 * (by_nature - by_chance)
