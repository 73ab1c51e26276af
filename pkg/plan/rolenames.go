package plan

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"imapmigrate/pkg/mailbox"
)

// roleByName is the role that a mailbox's name speaks of, for a side that marks no mailbox with it. Only names at the top count:
// "Projects/Sent" is somebody's own. own is the name without the personal prefix.
func roleByName(own mailbox.Name) mailbox.Role {
	if len(own) != 1 {
		return mailbox.RoleNone
	}
	return known(own[0]).role
}

// guessed reports whether a well-known name is also one that people give to mailboxes of their own.
func guessed(name string) bool { return known(name).guess }

// likeness is smaller the more usual a name is for its role: "Sent" before "sent-mail", and "Trash" before "TRASH". It means something for
// well-known names only.
func likeness(name string) int {
	place := 2 * known(name).place
	if strings.ToUpper(name) == name && strings.ToLower(name) != name { // some scripts have no cases
		place++
	}
	return place
}

func known(name string) roleName { return wellKnown[strings.ToLower(norm.NFC.String(name))] }

type roleName struct {
	role  mailbox.Role
	place int // among the names of its role
	guess bool
}

var wellKnown = func() map[string]roleName {
	m := map[string]roleName{}
	place := map[mailbox.Role]int{}
	for _, l := range languages {
		for role, names := range map[mailbox.Role]string{mailbox.RoleSent: l.sent, mailbox.RoleDrafts: l.drafts, mailbox.RoleTrash: l.trash, mailbox.RoleJunk: l.junk, mailbox.RoleArchive: l.archive} {
			for n := range strings.SplitSeq(names, "|") {
				n, guess := strings.CutPrefix(norm.NFC.String(n), "?")
				if _, twice := m[n]; n != "" && !twice {
					m[n] = roleName{role, place[role], guess}
					place[role]++
				}
			}
		}
	}
	return m
}()

// languages are the names that mail clients, webmails and servers give these mailboxes by default, in lower case, the most usual first. A
// question mark stands before a name that is a default somewhere and that people use for mailboxes of their own as well: such a name is
// followed, and the plan calls it a guess. What mostly is somebody's own ("Private", "Bin" of binaries) is not worth the guess and stays out.
var languages = []struct{ language, sent, drafts, trash, junk, archive string }{
	{"en", "sent|sent items|sent mail|sent messages|sent-mail|sent-items|sentmail|sentitems|sentmessages", "drafts|draft|draft messages",
		"trash|deleted|deleted items|deleted messages|trash can|deleteditems|deletedmessages", "junk|spam|junk e-mail|junk email|junk mail|junk-mail|junk-e-mail|bulk mail", "archive|archives"},
	{"de", "gesendet|gesendete objekte|gesendete elemente|gesendete nachrichten", "entwürfe|entwurf|entwuerfe",
		"papierkorb|gelöscht|gelöschte objekte|gelöschte elemente|gelöschte nachrichten", "junk-e-mail-ordner|spamverdacht|spam-verdacht|unerwünscht|werbung und spam", "archiv"},
	{"fr", "envoyés|messages envoyés|éléments envoyés|objets envoyés|courrier envoyé|courriers envoyés", "brouillons|brouillon",
		"corbeille|éléments supprimés|messages supprimés|objets supprimés", "indésirables|courrier indésirable|courriers indésirables|pourriel|pourriels", ""},
	{"es", "enviados|elementos enviados|mensajes enviados|correo enviado", "borradores|borrador",
		"papelera|elementos eliminados|mensajes eliminados|papelera de reciclaje", "correo no deseado|correo basura|no deseado", "archivo"},
	{"it", "posta inviata|inviata|inviati|messaggi inviati|elementi inviati", "bozze|bozza", "cestino|posta eliminata|messaggi eliminati|elementi eliminati", "posta indesiderata|indesiderata", "archivio"},
	{"pt", "itens enviados|mensagens enviadas|enviadas|?enviada", "rascunhos|rascunho", "lixeira|?lixo|itens excluídos|itens eliminados|mensagens excluídas",
		"lixo eletrônico|lixo electrónico|lixo eletrónico", "arquivo|arquivo morto"},
	{"nl", "verzonden|verzonden items|verzonden berichten", "concepten|?klad", "prullenbak|prullenmand|verwijderde items|verwijderde berichten", "ongewenste e-mail|ongewenst", "archief"},
	{"pl", "wysłane|elementy wysłane|wiadomości wysłane", "szkice|kopie robocze|wersje robocze", "kosz|elementy usunięte", "wiadomości-śmieci|niechciane", "archiwum"},
	{"sv", "skickat|skickade|skickade objekt", "utkast", "papperskorgen|borttaget", "skräppost", "arkiv"},
	{"da", "sendt|sendt post", "kladder", "papirkurv|slettet post", "uønsket post|uønsket mail", ""},
	{"nb", "sendte elementer", "", "slettede elementer|søppelbøtte|papirkurven", "uønsket e-post|søppelpost", ""},
	{"fi", "lähetetyt", "luonnokset", "roskakori|poistetut", "roskaposti", "arkisto"},
	{"cs", "odeslané|odeslaná pošta|odeslané zprávy", "koncepty|rozepsané", "koš|odstraněná pošta|odstraněné", "nevyžádaná pošta|nevyžádané", ""},
	{"sk", "odoslané|odoslaná pošta|odoslané položky|odoslané správy", "rozpísané", "kôš|odstránené položky|odstránená pošta|vymazané", "nevyžiadaná pošta|nevyžiadané", "archív"},
	{"hu", "elküldött|elküldött elemek|elküldött üzenetek|elküldött levelek", "piszkozatok|vázlatok", "törölt elemek|kuka|lomtár|törölt üzenetek", "levélszemét", "archívum"},
	{"ro", "trimise|elemente trimise|mesaje trimise", "ciorne|schițe", "?gunoi|coș de gunoi|coșul de gunoi|elemente șterse", "nedorite|e-mail nedorit|mesaje nedorite", "arhivă"},
	{"bg", "изпратени|изпратени елементи|изпратена поща", "чернови", "кошче|изтрити|изтрити елементи", "нежелана поща|нежелана", "архив"},
	{"hr", "poslano|poslane stavke|poslana pošta", "skice|nacrti", "?smeće|izbrisane stavke|?otpad", "neželjena pošta|bezvrijedna pošta", "arhiva"},
	{"sl", "poslani elementi", "osnutki", "?smeti|izbrisano|izbrisani elementi", "neželena pošta|nezaželena pošta|neželena e-pošta", "arhiv"},
	{"sr", "poslato|poslate stavke|послато|послате ставке", "нацрти", "?смеће|?отпад|избрисане ставке", "bezvredna e-pošta|непожељна пошта|непожељно", "архива"},
	{"el", "απεσταλμένα|σταλμένα|απεσταλμένα στοιχεία", "πρόχειρα", "κάδος απορριμμάτων|διαγραμμένα|διαγραμμένα στοιχεία|απορρίμματα|?κάδος", "ανεπιθύμητα|ανεπιθύμητη αλληλογραφία", "αρχείο|αρχειοθήκη"},
	{"tr", "gönderilmiş|gönderilmiş öğeler|gönderilenler|gönderilmiş postalar", "taslaklar", "çöp kutusu|?çöp|silinmiş öğeler|silinenler", "önemsiz|önemsiz e-posta|istenmeyen|gereksiz", "arşiv"},
	{"ru", "отправленные|отправленная почта|отправленные элементы", "черновики", "корзина|удаленные|удалённые|удаленные элементы", "спам|нежелательная почта|нежелательные", ""},
	{"uk", "надіслані|відправлені|надіслані елементи", "чернетки", "кошик|видалені|видалені елементи|?смітник", "небажана пошта", "архів"},
	{"be", "адпраўленыя|дасланыя", "чарнавікі", "сметніца|кошык", "", "архіў"},
	{"lt", "išsiųsta|išsiųsti|išsiųsti laiškai", "juodraščiai", "šiukšlinė|šiukšliadėžė|ištrinta", "brukalas|šlamštas", "archyvas"},
	{"lv", "nosūtītie|nosūtītās|nosūtītie vienumi|nosūtītās vēstules", "melnraksti|uzmetumi", "atkritne|miskaste|izdzēstie vienumi|dzēstie vienumi", "mēstules|surogātpasts", "arhīvs"},
	{"et", "saadetud|saadetud kirjad|saadetud üksused", "mustandid", "prügikast|kustutatud|kustutatud üksused|?prügi", "rämpspost|spämm", "arhiiv"},
	{"ca", "enviats|elements enviats|missatges enviats", "esborranys", "paperera|elements suprimits", "correu brossa|correu no desitjat|?brossa", "arxiu"},
	{"eu", "bidalitakoak|bidaliak|bidalita", "zirriborroak", "zakarrontzia|zaborrontzia|ezabatutako elementuak", "zabor-posta|?zaborra", "artxiboa"},
	{"gl", "elementos enviados", "", "papeleira", "correo lixo|correo non desexado", ""},
	{"is", "sendur póstur|sendir hlutir|?send", "drög", "ruslafata|?rusl|eyddir hlutir", "ruslpóstur", "?safn"},
	{"ja", "送信済み|送信済みアイテム|送信済みトレイ|送信済みメール|送信済みメッセージ", "下書き|草稿", "ごみ箱|ゴミ箱|削除済みアイテム", "迷惑メール|スパム", "アーカイブ"},
	{"zh", "已发送|已发送邮件|已发邮件|已发送消息", "草稿箱|草稿夹", "已删除|已删除邮件|回收站|废件箱|废纸篓", "垃圾邮件", "存档|归档"},
	{"zh-TW", "寄件備份|寄件備份匣|已傳送的郵件|已寄出", "草稿匣", "刪除的郵件|垃圾桶|已刪除|資源回收筒", "垃圾郵件|垃圾信件匣", "封存|?典藏"},
	{"ko", "보낸 편지함|보낸편지함|보낸 메일함|보낸메일함|보낸 메시지", "임시 보관함|임시보관함|임시 저장함", "휴지통|지운 편지함|지운편지함", "정크 메일|스팸|스팸메일함|스팸함|정크 전자 메일", "아카이브|?보관함"},
	{"he", "נשלחו|דואר שנשלח|פריטים שנשלחו|הודעות שנשלחו", "טיוטות", "אשפה|פריטים שנמחקו|פח אשפה", "דואר זבל|ספאם", "ארכיון"},
	{"ar", "المرسل|البريد المرسل|العناصر المرسلة|الرسائل المرسلة", "المسودات|مسودات|مسوّدات", "المهملات|العناصر المحذوفة|سلة المهملات", "البريد غير الهام|البريد العشوائي|بريد مزعج", "الأرشيف|أرشيف"},
	{"fa", "فرستاده شده|ارسال شده|ارسال\u200cشده|موارد ارسال شده", "پیش\u200cنویس\u200cها|پیش نویس\u200cها", "زباله\u200cدان|سطل زباله|?زباله", "هرزنامه|اسپم", "بایگانی"},
	{"th", "จดหมายที่ถูกส่ง|รายการที่ถูกส่ง|ส่งแล้ว", "จดหมายร่าง|แบบร่าง|?ร่าง", "ถังขยะ|รายการที่ถูกลบ", "อีเมลขยะ|จดหมายขยะ|สแปม", "เก็บถาวร|ที่เก็บถาวร"},
	{"vi", "đã gửi|thư đã gửi|mục đã gửi", "thư nháp|bản nháp|?nháp", "thùng rác|mục đã xóa|thư đã xóa", "thư rác", "lưu trữ"},
	{"id", "terkirim|item terkirim|pesan terkirim", "draf|?konsep", "kotak sampah|?sampah|item terhapus", "email sampah", "arsip"},
}
