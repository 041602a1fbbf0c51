import { plainText } from './words.ts';

/**
 * What people say when they part, thank, praise and agree, as it reads without capitals and accents; a
 * `*` stands for any ending. One list for all languages: a meeting may be held in two of them.
 */
const goodbyes = `
  bye | bye bye | goodbye* | good bye* | farewell | fare well | fare thee well | see you | see ya | take care |
  until next time | until the next | until our | may you | may your | may yours | may they | may the | may we | till next time | until we meet again | till we meet | until then | so long | cheers |
  good night | goodnight | good luck | safe travels | godspeed | signing off | have a great | have a good |
  have a wonderful | have a lovely | have a nice | have a blessed | all the best | best wishes | talk soon |
  talk to you | speak soon | catch you later | later then | adieu | ciao | be well | stay well | stay safe |
  look forward to | looking forward to | cannot wait to | can t wait to | next conversation | next chat |
  meet again | speak again | talk again | paths cross | i will miss | i ll miss | rest well | sleep well |
  go in peace | travel well | keep in touch | enjoy the rest | enjoy your | you too | same to you | and you too |
  auf wiedersehen | auf wiederhoren | tschuss* | tschau | servus | mach s gut | machs gut | machen sie s gut |
  bis bald | bis dann | bis morgen | bis zum nachsten | bis demnachst | bis spater | leb wohl | leben sie wohl |
  lebe wohl | gute nacht | schonen tag | schonen abend | schones wochenende | alles gute | alles liebe |
  gute reise | pass auf dich auf | ebenso | ebenfalls | gleichfalls | wir sehen uns | wir horen uns |
  freue mich auf | freu mich auf |
  au revoir | a bientot | a plus | a plus tard | a la prochaine | a demain | bonne journee | bonne soiree |
  bonne nuit | bonne continuation | bonne route | salut | adieu | prenez soin | prends soin | porte toi bien |
  portez vous bien | a vous aussi | a toi aussi | vous aussi | toi aussi | de meme | pareillement | au plaisir |
  hate de | tout de bon |
  adios | hasta luego | hasta pronto | hasta la vista | hasta manana | hasta siempre | hasta la proxima |
  nos vemos | buenas noches | buen dia | buen viaje | que te vaya bien | que le vaya bien | cuidate | cuidese |
  igualmente | chao | chau | que descanse* | que pases | hasta entonces | abrazo* | besos | un beso | tu tambien | usted tambien |
  arrivederci | arrivederla | ci vediamo | a presto | a domani | buona notte | buonanotte | buona giornata |
  buona serata | addio | stammi bene | stia bene | alla prossima | altrettanto | anche a te | anche a lei |
  buon viaggio | a risentirci |
  tchau | adeus | ate logo | ate breve | ate amanha | ate mais | ate a proxima | boa noite | boa tarde |
  tenha um bom | bom dia | fica bem | fique bem | se cuida | igualmente | abraco* | para voce tambien |
  para voce tambem | boa viagem |
  tot ziens | doei | dag hoor | doeg | tot snel | tot morgen | tot de volgende | tot later | tot gauw |
  fijne dag | fijne avond | prettige dag | prettige avond | welterusten | het beste | het allerbeste |
  jij ook | u ook | insgelijks | hetzelfde | groetjes |
  αντιο | αντιο σασ | γεια σου | γεια σασ | γεια χαρα | τα λεμε | στο καλο | καληνυχτα | καλο βραδυ | καλη συνεχεια |
  καλη ανταμωση | εισ το επανιδειν | να προσεχεισ | να εισαι καλα | να ειστε καλα | επισησ | καλο ταξιδι |
  καλη σου μερα | καλη σασ μερα | τα ξαναλεμε | χαιρετε |
  namaste | sayonara | shalom
`;

const thanks = `
  thank* | thanx | thx | grateful | gratitude | appreciate* | my pleasure | a pleasure | the pleasure | pleasure was |
  pleasure is | the honor | an honor | an honour | the honour | a privilege | honored | honoured | you re welcome |
  you are welcome | most welcome | very welcome | don t mention it | no problem | anytime | any time | likewise |
  kind words | so kind | very kind | too kind | much obliged | glad i could | happy to help | glad to help | here to help | here for you | i m fine |
  wonderful conversation | great conversation | lovely conversation | lovely chat | great talking | great chat* |
  enjoyed our | enjoyed this | enjoyed talking | enjoyed every | treasure* this | cherish* | bless you | touched by |
  moved by your | means a lot | means so much | glad we | right back at you | feeling is mutual | mutual |
  anything else | let me know if | feel free to | here if you need | happy to have | i am here whenever |
  danke* | vielen dank | herzlichen dank | bedanke | dankbar* | gern geschehen | gerne | bitte sehr | bitteschon |
  keine ursache | nichts zu danken | freut mich | freude | ehre | vergnugen | meinerseits | lieb von | nett von |
  gerngeschehen | geschatzt |
  merci* | remercie* | de rien | je vous en prie | je t en prie | avec plaisir | ravi* | enchante* | reconnaissan* |
  plaisir | honneur | il n y a pas de quoi | c est moi qui | gentil* | touche* par |
  gracias | agradezco | agradecid* | de nada | no hay de que | un placer | el placer | encantad* | un honor |
  honrad* | muy amable | a usted | a ti | el gusto | un gusto | gratitud |
  grazie | ringrazi* | prego | di nulla | di niente | un piacere | il piacere | piacere mio | grat* a | onorat* |
  un onore | gentil* | figurati | si figuri | riconoscen* |
  obrigad* | agradec* | de nada | por nada | disponha | o prazer | um prazer | uma honra | grat* por | prazer |
  gratidao | eu que agradeco | imagina |
  bedankt | dank je | dank u | dankjewel | dankuwel | graag gedaan | geen dank | het genoegen | met plezier |
  was leuk | was fijn | genoten | dankbaar* | aangenaam | eer was |
  ευχαριστω* | ευχαριστουμε | παρακαλω | τιποτα | χαρα μου | χαρηκα | τιμη μου | ευγνωμ* | ευγενικ* | ευχαριστηση |
  δικη μου η
`;

/** These say nothing only where there is little else. */
const agreement = `
  exactly | precisely | absolutely | indeed | agreed | i agree | i couldn t agree more | couldn t agree | well said |
  well put | beautifully said | beautifully put | so true | very true | how true | true | of course | certainly |
  definitely | totally | my friend | dear friend | my dear friend | dear | right | quite right | quite so | you re right | you are right | perfect | wonderful | great |
  amazing | beautiful* | brilliant | fantastic | awesome | lovely | ok | okay | okey | yes | yeah | yep | sure | sounds good |
  got it | understood | noted | fine | good | nice | cool | alright | all right | hm | hmm | mm | mhm | ah | oh | amen | so be it |
  incredible | wow | together | forever | always | now | peace | love | silence | stillness | infinite | eternal |
  genau | stimmt | richtig | absolut | vollkommen | ganz genau | eben | so ist es | einverstanden | ja | jawohl | klar |
  natürlich | gut | schon | wunderbar | toll | prima | super | verstanden |
  exactement | tout a fait | absolument | d accord | bien sur | en effet | oui | parfait | magnifique | bien dit | certes |
  voila | bien | entendu |
  exacto | exactamente | claro | por supuesto | desde luego | totalmente | de acuerdo | si | perfecto | maravilloso | asi es |
  vale | muy bien | bien dicho | sin duda | efectivamente |
  esatto | esattamente | certo | certamente | assolutamente | d accordo | perfetto | meraviglioso | proprio cosi | va bene |
  giusto | infatti | ben detto | bene |
  exato | exatamente | com certeza | concordo | sim | perfeito | maravilhoso | isso mesmo | bem dito | esta bem | isso |
  precies | klopt | inderdaad | zeker | natuurlijk | helemaal | mee eens | prachtig | heel mooi | oke | goed | begrepen |
  ακριβωσ | σωστα | βεβαια | βεβαιωσ | φυσικα | συμφωνω | ναι | τελεια | υπεροχα | οντωσ | πραγματι | ενταξει | εντάξει | καλα | ωραια
`;

export const goodbyeWords = compile(goodbyes);
export const thanksWords = compile(thanks);
export const agreementWords = compile(agreement);

function compile(list: string): RegExp {
  const phrases = list
    .split('|')
    .map((phrase) => plainText(phrase) + (phrase.trim().endsWith('*') ? '\\S*' : ''))
    .filter((phrase) => phrase !== '')
    .sort((one, other) => other.length - one.length);
  return new RegExp(`(?<!\\S)(?:${phrases.join('|')})(?!\\S)`, 'gu');
}
